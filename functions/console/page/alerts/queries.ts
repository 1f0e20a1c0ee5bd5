import { useQuery } from '@tanstack/react-query';
import type { RecipientList } from '../../../../shared/domains/tickets/recipient.ts';
import { useSignedIn } from '../base/signed-in.ts';

/** Reads the recipients of alerts. */
export function useRecipients() {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['recipients'],
    queryFn: ({ signal }) => api.get<RecipientList>('/tickets/alerts/config/', signal),
    // A refetch must not change a form while a person types.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}
