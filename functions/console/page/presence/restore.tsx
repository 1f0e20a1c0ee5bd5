import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ChangeEvent, useState } from 'react';
import type { PresenceBackup } from '../../../../shared/domains/presence/backup.ts';
import type { RestoreReport } from '../../api/presence/presence.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { Failure } from '../ui/state.tsx';
import { usePresenceTexts } from './texts.ts';

/** Puts a backup back, or says what that would do. */
export function useRestore() {
  const { api } = useSignedIn();
  const client = useQueryClient();
  const texts = usePresenceTexts();
  const mutation = useMutation({
    mutationFn: (body: { backup: PresenceBackup; dry_run: boolean }) =>
      api.send<RestoreReport>('POST', '/v1/admin/presence/restore', body),
    onSuccess: (_report, { dry_run }) =>
      dry_run ? undefined : client.invalidateQueries({ queryKey: ['presence'] }),
  });
  const describe = ({ counts }: RestoreReport, would = false) =>
    (would ? texts.restore.would : texts.restore.done)(counts.restored, othersOf(counts));
  return { ...mutation, describe };
}

const othersOf = ({ unchanged, changed_since, gone, failed }: RestoreReport['counts']) =>
  unchanged + changed_since + gone + failed;

/** Restores a backup from a file, after a preview of its effect. */
export function Restore() {
  const texts = usePresenceTexts();
  const [backup, setBackup] = useState<PresenceBackup | null>(null);
  const [bad, setBad] = useState(false);
  const preview = useRestore();
  const restore = useRestore();
  const choose = async ({ currentTarget: { files } }: ChangeEvent<HTMLInputElement>) => {
    const read = await files?.[0]?.text();
    const found = read === undefined ? null : parsed(read);
    preview.reset();
    restore.reset();
    setBackup(found);
    setBad(read !== undefined && found === null);
    if (found) preview.mutate({ backup: found, dry_run: true });
  };
  return (
    <Stack gap="sm" align="flex-start">
      <label className="file">
        <Text span fw={600} size="sm">
          {texts.restore.file}
        </Text>
        <input type="file" accept="application/json,.json" onChange={(event) => void choose(event)} />
      </label>
      {bad && (
        <Text role="alert" c="var(--ronde-fault)">
          {texts.restore.bad}
        </Text>
      )}
      {(preview.error || restore.error) && <Failure error={preview.error ?? restore.error} />}
      {preview.data && backup && !restore.data && (
        <Group gap="sm" role="status">
          <Text>{preview.describe(preview.data, true)}</Text>
          <Button
            variant="default"
            loading={restore.isPending}
            onClick={() => restore.mutate({ backup, dry_run: false })}
          >
            {texts.restore.confirm}
          </Button>
        </Group>
      )}
      {restore.data && <Text role="status">{restore.describe(restore.data)}</Text>}
    </Stack>
  );
}

/** The server checks the content. */
function parsed(text: string): PresenceBackup | null {
  try {
    const value = JSON.parse(text) as Partial<PresenceBackup> | null;
    return value?.version === 1 && Array.isArray(value.users) ? (value as PresenceBackup) : null;
  } catch {
    return null;
  }
}
