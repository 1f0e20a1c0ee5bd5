import { Alert, Button, Group, Modal, ScrollArea, Stack, Switch, Table, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { RunReply } from '../../../../shared/runtime/run-view.ts';
import type { TaskItem } from '../../api/tasks/tasks.ts';
import { runAddress } from '../base/addresses.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { useSignedIn } from '../base/signed-in.ts';
import { Outcome } from '../ui/outcome.tsx';
import { Failure, Loading } from '../ui/state.tsx';
import { useRunning } from './queries.ts';
import { CountsLine, Reasons } from './sums.tsx';
import { useTasksTexts } from './texts.ts';
import { useReasons, useTaskNames } from './words.ts';

interface DialogProps {
  task: TaskItem;
  /** The requested kind of run; null while the dialog is closed. */
  asked: 'dry' | 'run' | null;
  close(): void;
}

/** Runs a task and shows what it did, or what it would do. The focus goes back to where it was asked for. */
export default function RunDialog({ task, asked, close }: DialogProps) {
  const { texts } = useLanguage();
  const names = useTaskNames();
  const words = useTasksTexts();
  // It comes when it is first asked for; opened only then, it knows where the focus was.
  const [opened, setOpened] = useState(false);
  useEffect(() => setOpened(asked !== null), [asked]);
  const what = asked === 'dry' ? words.result.dryTitle : words.result.runTitle;
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={`${what} · ${worded(names, task.id)}`}
      size="xl"
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': texts.state.close }}
    >
      {asked && <Run task={task} dry={asked === 'dry'} close={close} />}
    </Modal>
  );
}

interface RunProps {
  task: TaskItem;
  dry: boolean;
  close(): void;
}

/** A dry run begins at once; a real one is asked for twice. */
function Run({ task, dry, close }: RunProps) {
  const { api } = useSignedIn();
  const client = useQueryClient();
  const { mutate, data, error, isPending, isIdle } = useMutation({
    mutationFn: (force: boolean) =>
      api.send<RunReply>('POST', `/v1/admin/tasks/${encodeURIComponent(task.id)}/run`, {
        dry_run: dry,
        ...(force ? { force } : {}),
      }),
    onSettled: () => dry || client.invalidateQueries({ queryKey: ['tasks'] }),
  });
  useEffect(() => {
    if (dry) mutate(false);
  }, [dry, mutate]);
  return (
    <Stack>
      {isIdle && !dry && <Confirmation forcible={task.params.includes('force')} run={mutate} close={close} />}
      {isPending && <Loading />}
      {isPending && !dry && <HowFar task={task.id} />}
      {error && <Failure error={error} retry={() => mutate(false)} />}
      {data && <Result task={task.id} reply={data} />}
    </Stack>
  );
}

/** How far the run is that one waits for; it goes on when the dialog is closed. */
function HowFar({ task }: { task: string }) {
  const texts = useTasksTexts();
  const { data } = useRunning(task, true);
  if (!data) return null;
  return (
    <Group gap="sm" justify="center">
      <CountsLine counts={data.counts} />
      <Link href={runAddress(data.id)}>{texts.result.open}</Link>
    </Group>
  );
}

interface ConfirmationProps {
  forcible: boolean;
  run(force: boolean): void;
  close(): void;
}

function Confirmation({ forcible, run, close }: ConfirmationProps) {
  const { texts } = useLanguage();
  const words = useTasksTexts();
  const [force, setForce] = useState(false);
  return (
    <>
      <Text>{words.result.confirm}</Text>
      {forcible && (
        <Switch
          label={words.result.force}
          checked={force}
          onChange={({ currentTarget }) => setForce(currentTarget.checked)}
        />
      )}
      <Group>
        <Button data-autofocus onClick={() => run(force)}>
          {words.rounds.run}
        </Button>
        <Button variant="default" onClick={close}>
          {texts.state.close}
        </Button>
      </Group>
    </>
  );
}

function Result({ task, reply }: { task: string; reply: RunReply }) {
  const texts = useTasksTexts();
  return (
    <div role="status">
      <Stack gap="sm">
        <Group gap="sm">
          <Outcome outcome={reply.outcome} />
          <CountsLine counts={reply.counts} />
        </Group>
        {reply.dry_run && <Text c="dimmed">{texts.result.dryNote}</Text>}
        {reply.complete === false && <Alert color="orange">{texts.result.incomplete}</Alert>}
        <Reasons run={{ ...reply, task }} />
        {reply.dry_run ? (
          <Candidates task={task} reply={reply} />
        ) : (
          <Link href={runAddress(reply.run_id)}>{texts.result.open}</Link>
        )}
      </Stack>
    </div>
  );
}

function Candidates({ task, reply: { counts, candidates = [] } }: { task: string; reply: RunReply }) {
  const texts = useTasksTexts();
  const reasonText = useReasons(task);
  const all = counts?.candidates ?? 0;
  if (candidates.length === 0) return <Text>{texts.result.noCandidates}</Text>;
  return (
    <>
      {candidates.length < all && (
        <Text size="sm" c="dimmed">
          {texts.result.first(candidates.length, all)}
        </Text>
      )}
      <ScrollArea.Autosize mah={360} type="auto" viewportProps={{ tabIndex: 0 }}>
        <Table stickyHeader verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.result.candidate}</Table.Th>
              <Table.Th>{texts.result.decision}</Table.Th>
              <Table.Th>{texts.result.reason}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {candidates.map(({ id, decision, reason }) => (
              <Table.Tr key={id}>
                <Table.Td className="wrapped">{id}</Table.Td>
                <Table.Td>{decision === 'act' ? texts.result.act : texts.result.skip}</Table.Td>
                <Table.Td>{reasonText(reason)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
    </>
  );
}
