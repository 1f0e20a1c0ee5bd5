import { useQuery } from '@tanstack/react-query';
import type { RecipientList } from '../../../../shared/domains/tickets/recipient.ts';
import { useSignedIn } from '../base/signed-in.ts';

/** Who is told of late tickets; `refetchOnMount` false takes them as they were read before. */
export function useRecipients({ refetchOnMount = true } = {}) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['recipients'],
    queryFn: ({ signal }) => api.get<RecipientList>('/tickets/alerts/config/', signal),
    // What one is just typing is not changed under one's hands.
    refetchOnMount,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}
