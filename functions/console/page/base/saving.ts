import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';
import { useNotify } from './notify.ts';

interface SavingOptions<T> {
  /** Sends a change. Returns the whole document after it. */
  send(): Promise<T>;
  queryKey: QueryKey;
  saved: string;
}

/** Saves a form and keeps what the server then has, its new version included. */
export function useSaving<T>({ send, queryKey, saved }: SavingOptions<T>) {
  const client = useQueryClient();
  const notify = useNotify();
  return useMutation({
    mutationFn: send,
    onSuccess: (stored) => {
      client.setQueryData(queryKey, stored);
      notify({ color: 'teal', message: saved });
    },
  });
}
