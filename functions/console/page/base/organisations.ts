import { useQuery } from '@tanstack/react-query';
import type { Page } from '../../api/paging.ts';
import { useSignedIn } from './signed-in.ts';

/** At most this many organisations are offered. */
const OFFERED = 200;

/** The ids of the organisations that have billing settings; none while they are not known. */
export function useOrganisations(): string[] {
  const { api } = useSignedIn();
  const { data } = useQuery({
    queryKey: ['organisations'],
    queryFn: ({ signal }) =>
      api.get<Page<{ id: string }>>(`/v1/admin/billing-settings?limit=${OFFERED}`, signal),
  });
  return (data?.items ?? []).map(({ id }) => id);
}
