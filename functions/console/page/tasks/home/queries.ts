import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { IncidentView } from '../../../../../shared/domains/watch/incident.ts';
import type { HomeView } from '../../../api/home/views.ts';
import { faultText } from '../../base/faults.ts';
import { useLanguage } from '../../base/language.tsx';
import { useNotify } from '../../base/notify.ts';
import { useSignedIn } from '../../base/signed-in.ts';

/** The matters are looked at this often while the page is visible: each look costs some reads. */
const LOOK_MS = 60_000;

/** Reads every open matter, and what is set up. */
export function useHome() {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['home'],
    queryFn: ({ signal }) => api.get<HomeView>('/v1/admin/home', signal),
    refetchInterval: LOOK_MS,
  });
}

/** Records that the reader attends to an incident. */
export function useTake() {
  const { api } = useSignedIn();
  const { texts } = useLanguage();
  const client = useQueryClient();
  const notify = useNotify();
  return useMutation({
    mutationFn: (id: string) =>
      api.send<IncidentView>('POST', `/v1/admin/incidents/${encodeURIComponent(id)}/acknowledge`, {}),
    onError: (error) => notify({ color: 'red', message: faultText(error, texts) }),
    onSettled: () => client.invalidateQueries({ queryKey: ['home'] }),
  });
}
