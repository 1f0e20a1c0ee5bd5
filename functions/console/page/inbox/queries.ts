import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Failure } from '../../../../shared/domains/inbox/imap/failure.ts';
import type {
  IntegrationView,
  MessageLine,
  MessageView,
} from '../../../../shared/domains/inbox/mailbox/views.ts';
import type { FolderView } from '../../api/inbox/views.ts';
import type { Page } from '../../api/paging.ts';
import { faultText } from '../base/faults.ts';
import { useLanguage } from '../base/language.tsx';
import { useNotify } from '../base/notify.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { useInboxTexts } from './texts.ts';

/** At most this many mailboxes, or mails of one conversation, are shown. */
const MAX_SHOWN = 200;

export const mailboxPath = (id: string) => `/api/inbox/integrations/${encodeURIComponent(id)}`;

export function useMailboxes() {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['mailboxes'],
    queryFn: ({ signal }) =>
      api.get<Page<IntegrationView>>(`/api/inbox/integrations?limit=${MAX_SHOWN}`, signal),
  });
}

/** Names a mailbox by its id if it is known. */
export function useMailboxName(): (id: string) => string {
  const { data } = useMailboxes();
  return (id) => {
    const found = data?.items.find((mailbox) => mailbox.id === id);
    return found?.label || found?.auth.user || id;
  };
}

export function useFolders(id: string) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['mailboxes', id, 'folders'],
    queryFn: ({ signal }) => api.get<Page<FolderView>>(`${mailboxPath(id)}/folders`, signal),
  });
}

/** One mail with its body, which a conversation leaves out: mails have up to half a megabyte each. */
export function useMail(id: string) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['mail', id],
    queryFn: ({ signal }) => api.get<MessageView>(`/api/inbox/messages/${encodeURIComponent(id)}`, signal),
  });
}

/** A conversation, the oldest mail first. */
export function useThread(id: string) {
  const { api } = useSignedIn();
  return useQuery({
    queryKey: ['thread', id],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ thread_id: id, limit: String(MAX_SHOWN) });
      const { items } = await api.get<Page<MessageLine>>(`/api/inbox/messages?${query}`, signal);
      return items.reverse();
    },
  });
}

/** Acts on a mailbox and shows the result; `toMessage` words the answer. */
export function useMailboxAction<T extends { error?: Failure | null }>(
  send: () => Promise<T>,
  toMessage: (answer: T) => string,
) {
  const { texts } = useLanguage();
  const words = useInboxTexts();
  const client = useQueryClient();
  const notify = useNotify();
  return useMutation({
    mutationFn: send,
    onSuccess: (answer) => {
      const { error } = answer;
      if (!error) return notify({ color: 'teal', message: toMessage(answer) });
      notify({ color: 'red', title: words.fault[error.kind], message: error.detail });
    },
    onError: (error) => notify({ color: 'red', message: faultText(error, texts) }),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['mailboxes'] }),
        client.invalidateQueries({ queryKey: ['mails'] }),
      ]),
  });
}
