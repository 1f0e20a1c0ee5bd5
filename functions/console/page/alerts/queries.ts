import { useQuery } from '@tanstack/react-query';
import { useSignedIn } from '../base/signed-in.ts';
import type { Recipients } from './types.ts';

/** Who is told of late tickets; `refetchOnMount` false takes them as they were read before. */
export function useRecipients({ refetchOnMount = true } = {}) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['recipients'],
    queryFn: ({ signal }) => api.get<Recipients>('/tickets/alerts/config/', signal),
    // What one is just typing is not changed under one's hands.
    refetchOnMount,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}
