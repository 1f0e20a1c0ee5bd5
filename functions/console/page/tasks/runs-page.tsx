import { Button, Group, NativeSelect, Stack, Title } from '@mantine/core';
import { Link, useLocation, useSearchParams } from 'wouter';
import type { RunLine } from '../../../../shared/runtime/run-view.ts';
import { runAddress } from '../base/addresses.ts';
import { instant, price, span } from '../base/format.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { useTitle } from '../base/title.ts';
import { Outcome } from '../ui/outcome.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { useRuns } from './queries.ts';
import { CountsLine } from './sums.tsx';
import { TaskHead } from './task-head.tsx';
import { useTasksTexts } from './texts.ts';
import { useTaskNames } from './words.ts';

/** The outcomes to filter by. The address keeps the choice, so that a person can send the link. */
const OUTCOMES = [
  'succeeded',
  'nothing_to_do',
  'partial',
  'failed',
  'skipped_overlap',
  'abandoned',
  'running',
] as const;

/** The ledger of runs, newest first. */
export default function RunsPage() {
  const texts = useTasksTexts();
  const [params] = useSearchParams();
  const [task, outcome] = [params.get('task') ?? '', params.get('outcome') ?? ''];
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useRuns(
    task,
    outcome,
  );
  const runs = data?.pages.flatMap(({ items }) => items) ?? [];
  const names = useTaskNames();
  const title = task ? `${worded(names, task)} · ${texts.run.runs}` : texts.run.runs;
  useTitle(title);
  return (
    <Stack gap="lg">
      <Title order={1} size="h2" className="wrapped">
        {title}
      </Title>
      <Filters task={task} outcome={outcome} />
      {task && <TaskHead id={task} />}
      {isPending && <Loading />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && runs.length === 0 && <Empty>{texts.run.none}</Empty>}
      <ul className="lines">
        {runs.map((run) => (
          <Line key={run.id} run={run} named={task === ''} />
        ))}
      </ul>
      {hasNextPage && (
        <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {texts.run.more}
        </Button>
      )}
    </Stack>
  );
}

function Filters({ task, outcome }: { task: string; outcome: string }) {
  const { texts } = useLanguage();
  const names = useTaskNames();
  const words = useTasksTexts();
  const [, go] = useLocation();
  const choose = (chosen: { task: string; outcome: string }) => {
    const given = Object.entries(chosen).filter(([, value]) => value !== '');
    go(`/runs?${new URLSearchParams(given)}`, { replace: true });
  };
  const tasks = [...new Set([...Object.keys(names), ...(task ? [task] : [])])];
  return (
    <Group grow preventGrowOverflow={false} gap="sm">
      <NativeSelect
        label={words.run.task}
        value={task}
        onChange={({ currentTarget }) => choose({ task: currentTarget.value, outcome })}
        data={[
          { value: '', label: words.run.all },
          ...tasks.map((value) => ({ value, label: worded(names, value) })),
        ]}
      />
      <NativeSelect
        label={words.run.outcome}
        value={outcome}
        onChange={({ currentTarget }) => choose({ task, outcome: currentTarget.value })}
        data={[
          { value: '', label: words.run.anyOutcome },
          ...OUTCOMES.map((value) => ({ value, label: texts.outcome[value] })),
        ]}
      />
    </Group>
  );
}

function Line({ run, named }: { run: RunLine; named: boolean }) {
  const { language } = useLanguage();
  const names = useTaskNames();
  return (
    <li className={named ? 'line run run-named' : 'line run'}>
      <Link href={runAddress(run.id)}>{instant(run.started_at, language, true)}</Link>
      {named && <span>{worded(names, run.task)}</span>}
      <Outcome outcome={run.outcome} />
      <CountsLine task={run.task} counts={run.counts} />
      <span className="dimmed">{span(run.duration_ms, language)}</span>
      <span className="dimmed">{price(run.usd, language)}</span>
    </li>
  );
}
