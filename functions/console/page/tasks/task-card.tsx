import { Badge, Button, Group, Paper, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { lazy, useId, useState } from 'react';
import { Link } from 'wouter';
import type { TaskItem } from '../../api/tasks/tasks.ts';
import { runAddress, runsAddress } from '../base/addresses.ts';
import { faultText } from '../base/faults.ts';
import { distance, instant, span } from '../base/format.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { useNotify } from '../base/notify.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { Outcome } from '../ui/outcome.tsx';
import { PageLoad } from '../ui/page-load.tsx';
import { isUnderWay } from './queries.ts';
import { Strip } from './strip.tsx';
import { CountsLine } from './sums.tsx';
import { useTasksTexts } from './texts.ts';
import { useTaskNames } from './words.ts';

// The chart library is as heavy as all the rest: only who wants to see a chart loads it.
const Chart = lazy(() => import('./chart.tsx'));
const RunDialog = lazy(() => import('./run-dialog.tsx'));

/** One task of the rounds. */
export function TaskCard({ task }: { task: TaskItem }) {
  const names = useTaskNames();
  const texts = useTasksTexts();
  const [asked, setAsked] = useState<'dry' | 'run' | null>(null);
  // Once it was there it stays, so that the focus goes back to where it was asked for.
  const [opened, setOpened] = useState(false);
  const [charted, setCharted] = useState(false);
  const headline = useId();
  const ask = (what: 'dry' | 'run') => {
    setAsked(what);
    setOpened(true);
  };
  return (
    <Paper component="section" withBorder radius="md" p="md" aria-labelledby={headline}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div>
          <Title order={2} size="h4" id={headline}>
            {worded(names, task.id)}
          </Title>
          <Text size="sm" c="dimmed" className="wrapped">
            {task.id}
            {task.schedule && ` · ${task.schedule} · ${task.time_zone}`}
          </Text>
        </div>
        {task.paused && (
          <Badge color="orange" variant="filled" radius="sm" className="badge badge-filled">
            {texts.rounds.paused}
          </Badge>
        )}
      </Group>
      <Strip runs={task.last_runs} />
      <Facts task={task} />
      <Group gap="xs" mt="md">
        <Button size="compact-md" onClick={() => ask('run')}>
          {texts.rounds.run}
        </Button>
        <Button size="compact-md" variant="light" onClick={() => ask('dry')}>
          {texts.rounds.dry}
        </Button>
        {task.paused !== null && <Pause task={task} paused={task.paused} />}
        <Button
          size="compact-md"
          variant="subtle"
          aria-expanded={charted}
          onClick={() => setCharted(!charted)}
        >
          {texts.rounds.chart}
        </Button>
        <Link href={runsAddress(task.id)}>{texts.rounds.history}</Link>
      </Group>
      {charted && (
        <PageLoad>
          <Chart runs={task.last_runs} />
        </PageLoad>
      )}
      {opened && (
        <PageLoad>
          <RunDialog task={task} asked={asked} close={() => setAsked(null)} />
        </PageLoad>
      )}
    </Paper>
  );
}

function Facts({ task }: { task: TaskItem }) {
  const { language } = useLanguage();
  const texts = useTasksTexts();
  const [last] = task.last_runs;
  return (
    <dl className="facts">
      <div>
        <dt>{texts.rounds.last}</dt>
        <dd>
          {last?.started_at ? (
            <Group gap="xs">
              <Link href={runAddress(last.id)} title={instant(last.started_at, language, true)}>
                {distance(last.started_at, language)}
              </Link>
              <Outcome outcome={last.outcome} />
              {isUnderWay(last) ? (
                <CountsLine counts={last.counts} />
              ) : (
                <span>{span(last.duration_ms, language)}</span>
              )}
            </Group>
          ) : (
            texts.rounds.never
          )}
        </dd>
      </div>
      <div>
        <dt>{texts.rounds.next}</dt>
        <dd>
          {task.next_occurrence
            ? `${distance(task.next_occurrence, language)} (${instant(task.next_occurrence, language)})`
            : task.paused
              ? texts.rounds.paused
              : texts.rounds.unknown}
        </dd>
      </div>
    </dl>
  );
}

function Pause({ task, paused }: { task: TaskItem; paused: boolean }) {
  const { texts } = useLanguage();
  const words = useTasksTexts();
  const { api } = useSignedIn();
  const client = useQueryClient();
  const notify = useNotify();
  const action = paused ? 'resume' : 'pause';
  const { mutate, isPending } = useMutation({
    mutationFn: () => api.send('POST', `/v1/admin/tasks/${encodeURIComponent(task.id)}/${action}`, {}),
    onSuccess: () =>
      notify({ color: 'teal', message: paused ? words.rounds.resumed_done : words.rounds.paused_done }),
    onError: (error) => notify({ color: 'red', message: faultText(error, texts) }),
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  });
  return (
    <Button size="compact-md" variant="default" loading={isPending} onClick={() => mutate()}>
      {words.rounds[action]}
    </Button>
  );
}
