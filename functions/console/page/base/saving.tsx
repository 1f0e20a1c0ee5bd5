import { Alert, Button, Group } from '@mantine/core';
import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiError } from './api.ts';
import { useLanguage } from './language.tsx';
import { useNotify } from './notify.ts';
import { Failure } from './state.tsx';

interface SavingOptions<T> {
  /** Sends what is to be stored; answers all that is stored then. */
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

interface FaultProps {
  error: unknown;
  queryKey: QueryKey;
  conflict: string;
}

/** Why saving failed. Where somebody else was first, their values are one click away, and nothing of theirs is lost. */
export function SavingFault({ error, queryKey, conflict }: FaultProps) {
  const { texts } = useLanguage();
  const client = useQueryClient();
  if (!error) return null;
  if (!(error instanceof ApiError) || error.status !== 409) return <Failure error={error} />;
  return (
    <Alert color="orange" role="alert" title={conflict}>
      <Group>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => void client.invalidateQueries({ queryKey })}
        >
          {texts.settings.reload}
        </Button>
      </Group>
    </Alert>
  );
}

/** The whole number that a field holds, if it is one within the bounds. */
export function wholeIn(text: string, min: number, max: number): number | null {
  const value = /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : null;
}
