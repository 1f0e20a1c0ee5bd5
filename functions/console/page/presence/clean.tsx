import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { PresenceBackup } from '../../../../shared/domains/presence/backup.ts';
import type { CleanupReport } from '../../api/presence/presence.ts';
import { keepFile } from '../base/keep-file.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { Confirm } from '../ui/confirm.tsx';
import { Failure, Loading } from '../ui/state.tsx';
import { Names } from './report.tsx';
import { useRestore } from './restore.tsx';
import { usePresenceTexts } from './texts.ts';

type Asked = 'ghosts' | 'all';
const NAMED = 50;

/** Puts people offline who are not there: shown first, saved, done, and undone if need be. */
export function Clean({ minutes }: { minutes: number }) {
  const texts = usePresenceTexts();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [done, setDone] = useState<CleanupReport | null>(null);
  return (
    <Stack gap="sm">
      <Text c="dimmed">{texts.clean.help}</Text>
      <Group gap="xs">
        <Button variant="default" onClick={() => setAsked('ghosts')}>
          {texts.clean.ghosts(minutes)}
        </Button>
        <Button variant="light" color="red" onClick={() => setAsked('all')}>
          {texts.clean.all}
        </Button>
      </Group>
      {done && <Done report={done} />}
      <CleanDialog asked={asked} minutes={minutes} done={setDone} close={() => setAsked(null)} />
    </Stack>
  );
}

interface DialogProps {
  /** The requested cleanup; null while the dialog is closed. */
  asked: Asked | null;
  minutes: number;
  done(report: CleanupReport): void;
  close(): void;
}

function CleanDialog({ asked, minutes, done, close }: DialogProps) {
  const texts = usePresenceTexts();
  const preview = useCleanup();
  const cleanup = useCleanup();
  const scope = asked === 'ghosts' ? { minutes } : {};
  const { mutate, reset } = preview;
  useEffect(() => {
    reset();
    if (asked) mutate({ dry_run: true, ...(asked === 'ghosts' ? { minutes } : {}) });
  }, [asked, minutes, mutate, reset]);
  const clean = () => {
    if (!preview.data) return;
    const body = { dry_run: false, ...scope, started_at: preview.data.started_at };
    cleanup.mutate(body, {
      onSuccess: (report) => {
        saveBackup(report.backup);
        done(report);
        close();
      },
    });
  };
  const count = preview.data?.would_clean_count ?? 0;
  return (
    <Confirm
      opened={asked !== null}
      title={texts.clean.title}
      ask={texts.clean.asked[asked ?? 'ghosts']}
      label={texts.clean.confirm}
      color="red"
      pending={cleanup.isPending}
      disabled={count === 0}
      confirm={clean}
      close={close}
    >
      {preview.isPending && <Loading />}
      {preview.error && <Failure error={preview.error} />}
      {preview.data && <Would report={preview.data} count={count} />}
      {cleanup.error && <Failure error={cleanup.error} />}
    </Confirm>
  );
}

function Would({ report, count }: { report: CleanupReport; count: number }) {
  const texts = usePresenceTexts();
  if (count === 0) return <Text>{texts.clean.nothing}</Text>;
  return (
    <div role="status">
      <Text fw={600}>{texts.clean.would(count)}</Text>
      <Names ids={report.user_ids.slice(0, NAMED)} count={count} />
      {report.alive_count > 0 && <Text c="dimmed">{texts.clean.alive(report.alive_count)}</Text>}
    </div>
  );
}

function useCleanup() {
  const { api } = useSignedIn();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { dry_run: boolean; minutes?: number; started_at?: string }) =>
      api.send<CleanupReport>('POST', '/v1/admin/presence/cleanup', body),
    onSuccess: (_report, { dry_run }) =>
      dry_run ? undefined : client.invalidateQueries({ queryKey: ['presence'] }),
  });
}

/** The result of a cleanup, and the way back. */
function Done({ report: { cleaned_count, backup } }: { report: CleanupReport }) {
  const texts = usePresenceTexts();
  const restore = useRestore();
  return (
    <Alert color="teal" role="status" title={texts.clean.done(cleaned_count)}>
      <Stack gap="xs" align="flex-start">
        {texts.clean.backup}
        {restore.data ? (
          restore.describe(restore.data)
        ) : (
          <Button
            size="compact-md"
            variant="default"
            loading={restore.isPending}
            onClick={() => restore.mutate({ backup, dry_run: false })}
          >
            {texts.clean.undo}
          </Button>
        )}
        {restore.error && <Failure error={restore.error} />}
      </Stack>
    </Alert>
  );
}

function saveBackup(backup: PresenceBackup): void {
  const name = `presence-${backup.taken_at.replaceAll(/[:.]/g, '-')}.json`;
  keepFile(new Blob([JSON.stringify(backup, null, 2)]), name);
}
