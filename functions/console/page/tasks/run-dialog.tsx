import { Alert, Button, Group, Modal, Stack, Switch, Text } from '@mantine/core';
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
import { Candidates, summaryOf } from './candidates.tsx';
import { useRunning } from './queries.ts';
import { CountsLine, Reasons } from './sums.tsx';
import { useTasksTexts } from './texts.ts';
import { useActs, useTaskNames } from './words.ts';

interface DialogProps {
  task: TaskItem;
  opened: boolean;
  close(): void;
}

/** Shows the dry run before it asks whether to run the task. The focus returns to the button that opened it. */
export default function RunDialog({ task, opened, close }: DialogProps) {
  const { texts } = useLanguage();
  const names = useTaskNames();
  const words = useTasksTexts();
  // It is mounted at its first use and opened after that, so that it knows where the focus was.
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(opened), [opened]);
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={`${worded(names, task.id)} · ${words.result.title}`}
      size="xl"
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': texts.state.close }}
    >
      {opened && <Question task={task} close={close} />}
    </Modal>
  );
}

interface QuestionProps {
  task: TaskItem;
  close(): void;
}

function Question({ task, close }: QuestionProps) {
  const { texts } = useLanguage();
  const words = useTasksTexts();
  const [force, setForce] = useState(false);
  const dry = useRun(task, true);
  const real = useRun(task, false);
  const { mutate } = dry;
  useEffect(() => mutate(force), [mutate, force]);
  return (
    <Stack>
      {real.isIdle && dry.isPending && <Looking />}
      {real.isIdle && dry.error && <Failure error={dry.error} retry={() => dry.mutate(force)} />}
      {real.isIdle && dry.data && <Would task={task.id} reply={dry.data} />}
      {real.isPending && <HowFar task={task.id} />}
      {real.error && <Failure error={real.error} />}
      {real.data && <Done task={task.id} reply={real.data} />}
      {real.isIdle && task.params.includes('force') && (
        <Switch
          label={words.result.force}
          checked={force}
          onChange={({ currentTarget }) => setForce(currentTarget.checked)}
        />
      )}
      <Group>
        {real.isIdle && !dry.isPending && (
          <RunButton task={task.id} dry={dry.data} run={() => real.mutate(force)} />
        )}
        <Button variant="default" onClick={close} data-autofocus>
          {real.isIdle ? texts.state.cancel : texts.state.close}
        </Button>
      </Group>
    </Stack>
  );
}

function useRun(task: TaskItem, isDry: boolean) {
  const { api } = useSignedIn();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (force: boolean) =>
      api.send<RunReply>('POST', `/v1/admin/tasks/${encodeURIComponent(task.id)}/run`, {
        dry_run: isDry,
        ...(force ? { force } : {}),
      }),
    onSettled: () =>
      isDry || Promise.all(['tasks', 'home'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
}

function Looking() {
  const { result } = useTasksTexts();
  return (
    <>
      <Text>{result.looking}</Text>
      <Loading />
    </>
  );
}

/** The button says what the run will do. It is there before a dry run answers for nothing, and after one that failed. */
function RunButton({ task, dry, run }: { task: string; dry: RunReply | undefined; run(): void }) {
  const { result } = useTasksTexts();
  const acts = useActs(task);
  const acted = dry?.counts.acted ?? 0;
  const act = acts.act(acted);
  return (
    <Button variant={acted > 0 ? 'filled' : 'default'} onClick={run}>
      {acted > 0 ? `${act.charAt(0).toUpperCase()}${act.slice(1)}` : result.runAnyway}
    </Button>
  );
}

/** Says what a run would do, and to whom. */
function Would({ task, reply }: { task: string; reply: RunReply }) {
  const { texts } = useLanguage();
  const { result } = useTasksTexts();
  const acts = useActs(task);
  const { acted } = reply.counts;
  const whom = summaryOf(reply.candidates ?? []);
  const isCut = acted > whom.length;
  return (
    <div role="status">
      <Stack gap="sm">
        <Text fw={600} className="wrapped">
          {acted === 0 ? result.nothing : result.wouldBe(acts.act(acted))}
          {acted > 0 && whom.length > 0 && (
            <Text span fw={400}>
              {' '}
              {[...whom, isCut && result.and(acted - whom.length)].filter(Boolean).join(', ')}
            </Text>
          )}
        </Text>
        <CountsLine task={task} counts={reply.counts} would />
        {reply.complete === false && <Alert color="orange">{result.incompleteDry}</Alert>}
        <Reasons run={{ ...reply, task }} />
        <Candidates task={task} reply={reply} />
        {reply.error && (
          <Alert color="red" title={texts.outcome.failed}>
            {reply.error.message}
          </Alert>
        )}
      </Stack>
    </div>
  );
}

/** How far the run is that one waits for; it goes on when the dialog is closed. */
function HowFar({ task }: { task: string }) {
  const texts = useTasksTexts();
  const { data } = useRunning(task, true);
  return (
    <>
      <Loading />
      {data && (
        <Group gap="sm" justify="center">
          <CountsLine task={task} counts={data.counts} />
          <Link href={runAddress(data.id)}>{texts.result.open}</Link>
        </Group>
      )}
    </>
  );
}

function Done({ task, reply }: { task: string; reply: RunReply }) {
  const texts = useTasksTexts();
  return (
    <div role="status">
      <Stack gap="sm">
        <Group gap="sm">
          <Outcome outcome={reply.outcome} />
          <CountsLine task={task} counts={reply.counts} />
        </Group>
        {reply.complete === false && <Alert color="orange">{texts.result.incomplete}</Alert>}
        <Reasons run={{ ...reply, task }} />
        <Link href={runAddress(reply.run_id)}>{texts.result.open}</Link>
      </Stack>
    </div>
  );
}
