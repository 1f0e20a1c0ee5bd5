import { Alert, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { HomeView } from '../../../api/home/views.ts';
import type { TaskItem } from '../../../api/tasks/tasks.ts';
import { useLanguage } from '../../base/language.tsx';
import { useTitle } from '../../base/title.ts';
import { Empty, Failure, Loading } from '../../ui/state.tsx';
import { useTasks } from '../queries.ts';
import { useTasksTexts } from '../texts.ts';
import { useTaskNames } from '../words.ts';
import { MatterList } from './matter-list.tsx';
import { mattersOf } from './matters.ts';
import { useHome } from './queries.ts';
import { SetUp } from './set-up.tsx';
import { TaskRow } from './task-row.tsx';
import { useHomeTexts } from './texts.ts';

/** Is anything wrong, and what does one do? Below the answer all tasks, the troubled ones first. */
export function HomePage() {
  const { texts } = useLanguage();
  const home = useHome();
  const tasks = useTasks();
  return (
    <Stack gap="md">
      <Answer home={home.data} />
      {home.error && !home.data && <Failure error={home.error} retry={() => void home.refetch()} />}
      {home.data && <SetUp done={home.data.set_up} />}
      {tasks.isPending && <Loading />}
      {tasks.error && !tasks.data && <Failure error={tasks.error} retry={() => void tasks.refetch()} />}
      {tasks.error && tasks.data && <Alert color="orange">{texts.state.stale}</Alert>}
      {tasks.data && (
        <Tasks
          items={tasks.data.items}
          schedulerAnswers={tasks.data.scheduler_answers}
          incidents={home.data?.incidents ?? []}
        />
      )}
    </Stack>
  );
}

/** The answer as the page's title: nothing is wrong, or how many matters wait, and which. */
function Answer({ home }: { home: HomeView | undefined }) {
  const { language, texts: common } = useLanguage();
  const texts = useHomeTexts();
  const names = useTaskNames();
  const matters = home ? mattersOf(home, { language, texts, tasks: names, outcomes: common.outcome }) : [];
  const answer = home && (matters.length === 0 ? texts.well : texts.matters(matters.length));
  useTitle(common.nav.home, matters.length);
  return (
    <>
      <Title order={1} size="h2">
        {answer ?? common.nav.home}
      </Title>
      <MatterList matters={matters} />
    </>
  );
}

interface TasksProps {
  items: readonly TaskItem[];
  schedulerAnswers: boolean;
  incidents: HomeView['incidents'];
}

function Tasks({ items, schedulerAnswers, incidents }: TasksProps) {
  const words = useTasksTexts();
  const texts = useHomeTexts();
  const rows = items
    .map((task) => ({ task, incidents: incidents.filter((one) => one.task === task.id) }))
    .toSorted((one, other) => troubleOf(other) - troubleOf(one));
  return (
    <section aria-labelledby="tasks">
      <Title order={2} size="h4" id="tasks">
        {words.list.title}
      </Title>
      {!schedulerAnswers && <Alert color="orange">{words.list.noScheduler}</Alert>}
      {items.length === 0 && <Empty>{words.list.none}</Empty>}
      <ul className="tasks">
        {rows.map((row) => (
          <TaskRow key={row.task.id} {...row} />
        ))}
      </ul>
      <Text size="sm">
        <Link href="/incidents">{texts.allIncidents}</Link>
      </Text>
    </section>
  );
}

/** How troubled a task is: an incident, then a failed run, then one that failed in part, then a pause. */
function troubleOf({ task, incidents }: { task: TaskItem; incidents: HomeView['incidents'] }): number {
  const outcome = task.last_runs[0]?.outcome;
  if (incidents.length > 0) return 4;
  if (outcome === 'failed' || outcome === 'abandoned') return 3;
  if (outcome === 'partial') return 2;
  return task.paused ? 1 : 0;
}
