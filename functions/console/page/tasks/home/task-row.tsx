import { Button } from '@mantine/core';
import { lazy, useId, useState } from 'react';
import { Link } from 'wouter';
import type { IncidentView } from '../../../../../shared/domains/watch/incident.ts';
import type { TaskItem } from '../../../api/tasks/tasks.ts';
import { runAddress, runsAddress } from '../../base/addresses.ts';
import { now } from '../../base/clock.ts';
import { distance, instant } from '../../base/format.ts';
import { useLanguage, worded } from '../../base/language.tsx';
import { colorOf } from '../../ui/outcome.tsx';
import { PageLoad } from '../../ui/page-load.tsx';
import { PauseButton } from '../pause-button.tsx';
import { Strip } from '../strip.tsx';
import { useTasksTexts } from '../texts.ts';
import { useTaskNames } from '../words.ts';
import { useStatus } from './status.ts';
import { useHomeTexts } from './texts.ts';

const RunDialog = lazy(() => import('../run-dialog.tsx'));

interface Props {
  task: TaskItem;
  /** The open incidents of this task. */
  incidents: readonly IncidentView[];
}

/** A task in a row: its name, its state in a sentence, its last runs, its next run, and its buttons. */
export function TaskRow({ task, incidents }: Props) {
  const names = useTaskNames();
  const texts = useTasksTexts();
  const [asked, setAsked] = useState(false);
  // The dialog stays mounted, so that the focus returns to the button that opened it.
  const [opened, setOpened] = useState(false);
  const headline = useId();
  const [last] = task.last_runs;
  const status = useStatus(task, incidents);
  const color = incidents.length > 0 ? 'red' : task.paused || !last ? 'gray' : colorOf(last.outcome);
  const name = worded(names, task.id);
  return (
    <li className="task" aria-labelledby={headline}>
      <div className="task-words">
        <h3 id={headline} className="task-name">
          <span className={`dot dot-${color}`} aria-hidden="true" />
          <Link href={runsAddress(task.id)}>{name}</Link>
        </h3>
        {last ? (
          <Link
            href={runAddress(last.id)}
            className="task-status"
            title={instant(last.started_at, status.language, true)}
          >
            {status.sentence}
          </Link>
        ) : (
          <span className="task-status">{status.sentence}</span>
        )}
      </div>
      <Strip runs={task.last_runs} name={name} />
      <Next task={task} />
      <div className="task-acts">
        <Button
          size="compact-sm"
          variant="light"
          aria-label={`${texts.list.run}${texts.list.of}${name}`}
          onClick={() => {
            setAsked(true);
            setOpened(true);
          }}
        >
          {texts.list.run}
        </Button>
        {task.paused !== null && <PauseButton task={task} paused={task.paused} name={name} />}
      </div>
      {opened && (
        <PageLoad>
          <RunDialog task={task} opened={asked} close={() => setAsked(false)} />
        </PageLoad>
      )}
    </li>
  );
}

function Next({ task: { next_occurrence: at, paused } }: { task: TaskItem }) {
  const { language } = useLanguage();
  const texts = useHomeTexts();
  const words = useTasksTexts();
  const isDue = at !== null && Date.parse(at) <= now().getTime();
  return (
    <span className="task-next dimmed" title={at ? instant(at, language) : undefined}>
      {at
        ? texts.row.next(isDue ? texts.row.dueNow : distance(at, language, 'short'))
        : paused
          ? ''
          : words.list.unknown}
    </span>
  );
}
