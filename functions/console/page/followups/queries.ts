import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Blocked, FollowupDetail, FollowupHistory, MailPreview } from '../../api/followups/views.ts';
import { ApiError } from '../base/api.ts';
import { faultText } from '../base/faults.ts';
import { useLanguage } from '../base/language.tsx';
import { useNotify } from '../base/notify.ts';
import { useSignedIn } from '../base/signed-in.ts';

const HISTORY_PAGE = 50;

const path = (id: string) => `/api/followups/${encodeURIComponent(id)}`;

/** One follow-up, with what a run would decide about it now. */
export function useFollowup(id: string) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['followup', id],
    queryFn: ({ signal }) => api.get<FollowupDetail>(path(id), signal),
  });
}

/** Every decision about it, newest first, and the mails of its levels. */
export function useHistory(id: string) {
  const { api } = useSignedIn();
  return useInfiniteQuery({
    queryKey: ['followup', id, 'history'],
    queryFn: ({ pageParam, signal }) =>
      api.get<FollowupHistory>(
        `${path(id)}/history?limit=${HISTORY_PAGE}${pageParam && `&page=${pageParam}`}`,
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_page ?? undefined,
  });
}

/** The mail of a level as it would go out now. */
export function usePreview(id: string, level: number) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['followup', id, 'preview', level],
    queryFn: ({ signal }) => api.get<MailPreview>(`${path(id)}/preview?level=${level}`, signal),
    // Made again each time it is shown: templates, amounts and addresses may have changed.
    gcTime: 0,
    retry: false,
  });
}

/** Does something with a follow-up, and tells what came of it. */
export function useFollowupAction<T>(id: string, action: string, done: (answer: T) => string) {
  const { api } = useSignedIn();
  const { language, texts } = useLanguage();
  const client = useQueryClient();
  const notify = useNotify();
  return useMutation({
    mutationFn: (body: object) => api.send<T>('POST', `${path(id)}/${action}`, body),
    onSuccess: (answer) => notify({ color: 'teal', message: done(answer) }),
    onError: (error) =>
      notify({ color: 'red', message: blockedText(error)?.[language] ?? faultText(error, texts) }),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['followup', id] }),
        client.invalidateQueries({ queryKey: ['followups'] }),
      ]),
  });
}

const blockedBy = (error: unknown) =>
  error instanceof ApiError ? (error.details as Partial<Blocked> | undefined) : undefined;

/** Why the server would not do it, in its own words for a person. */
export function blockedText(error: unknown): Blocked['message'] | null {
  const details = blockedBy(error);
  return details?.message?.en ? details.message : null;
}

/** Returns why the server asks a person to confirm; null if it refuses. */
export const doubtText = (error: unknown): Blocked['message'] | null =>
  blockedBy(error)?.confirmable ? blockedText(error) : null;
