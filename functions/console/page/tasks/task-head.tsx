import { Button, Group, Stack } from '@mantine/core';
import { lazy, useState } from 'react';
import type { TaskItem } from '../../api/tasks/tasks.ts';
import { distance, instant } from '../base/format.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { Facts } from '../ui/facts.tsx';
import { PageLoad } from '../ui/page-load.tsx';
import { PauseButton } from './pause-button.tsx';
import { useTasks } from './queries.ts';
import { useTasksTexts } from './texts.ts';
import { useTaskNames } from './words.ts';

// The chart library is as heavy as all the rest: only who wants to see a chart loads it.
const Chart = lazy(() => import('./chart.tsx'));
const RunDialog = lazy(() => import('./run-dialog.tsx'));

/** A task above its runs: its schedule, its next run, and its buttons. */
export function TaskHead({ id }: { id: string }) {
  const { data } = useTasks();
  const task = data?.items.find((one) => one.id === id);
  return task ? <Head task={task} /> : null;
}

function Head({ task }: { task: TaskItem }) {
  const { language } = useLanguage();
  const names = useTaskNames();
  const { list } = useTasksTexts();
  const [asked, setAsked] = useState(false);
  const [opened, setOpened] = useState(false);
  const [charted, setCharted] = useState(false);
  const { next_occurrence: next, schedule, time_zone } = task;
  const name = worded(names, task.id);
  return (
    <Stack gap="sm">
      <Facts
        facts={[
          [list.id, <code key="id">{task.id}</code>],
          [list.schedule, schedule && `${schedule} (${time_zone})`],
          [
            list.next,
            next ? `${distance(next, language)}, ${instant(next, language)}` : task.paused && list.paused,
          ],
        ]}
      />
      <Group gap="xs">
        <Button
          size="compact-md"
          onClick={() => {
            setAsked(true);
            setOpened(true);
          }}
        >
          {list.run}
        </Button>
        {task.paused !== null && <PauseButton task={task} paused={task.paused} name={name} />}
        <Button
          size="compact-md"
          variant="subtle"
          aria-expanded={charted}
          onClick={() => setCharted(!charted)}
        >
          {list.chart}
        </Button>
      </Group>
      {charted && (
        <PageLoad>
          <Chart runs={task.last_runs} />
        </PageLoad>
      )}
      {opened && (
        <PageLoad>
          <RunDialog task={task} opened={asked} close={() => setAsked(false)} />
        </PageLoad>
      )}
    </Stack>
  );
}
