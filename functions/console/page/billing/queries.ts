import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { BillingChange } from '../../api/followups/billing-change.ts';
import type { BillingSettingsView } from '../../api/followups/views.ts';
import { useNotify } from '../base/notify.ts';
import { useSignedIn } from '../base/signed-in.ts';

export const billingPath = (orgId: string) => `/v1/admin/billing-settings/${encodeURIComponent(orgId)}`;
export const billingKey = (orgId: string) => ['billing', orgId];

/** Reads the billing settings of an organisation; absent fields have their defaults. */
export function useBilling(orgId: string) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: billingKey(orgId),
    queryFn: ({ signal }) => api.get<BillingSettingsView>(billingPath(orgId), signal),
    // A refetch must not change a form while a person types.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

/** Saves a part of them and keeps what the server then has, its new version included. */
export function useBillingSaving(orgId: string, saved: string) {
  const { api } = useSignedIn();
  const client = useQueryClient();
  const notify = useNotify();
  return useMutation({
    mutationFn: (change: BillingChange) => api.send<BillingSettingsView>('PUT', billingPath(orgId), change),
    onSuccess: (stored) => {
      client.setQueryData(billingKey(orgId), stored);
      notify({ color: 'teal', message: saved });
      // Other rules, other plans.
      return client.invalidateQueries({ queryKey: ['followups'] });
    },
  });
}
