import { Alert, Button, Group } from '@mantine/core';
import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { ApiError } from '../base/api.ts';
import { useLanguage } from '../base/language.tsx';
import { Failure } from './state.tsx';

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
          {texts.state.theirs}
        </Button>
      </Group>
    </Alert>
  );
}
