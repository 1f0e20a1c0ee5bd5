import { Alert, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { IncidentView } from '../../../../shared/domains/watch/incident.ts';
import { runAddress, runsAddress } from '../base/addresses.ts';
import { instant } from '../base/format.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { useIncidents, useTasks } from './queries.ts';
import { TaskCard } from './task-card.tsx';
import { useTasksTexts } from './texts.ts';
import { useTaskNames } from './words.ts';

/** Every task: what it did last, what comes next, and what is wrong. */
export function RoundsPage() {
  const { texts } = useLanguage();
  const words = useTasksTexts();
  const { data, error, isPending, refetch } = useTasks();
  return (
    <Stack gap="lg">
      <div>
        <Title order={1}>{words.rounds.title}</Title>
        <Text c="dimmed">
          {words.rounds.intro} <Link href="/incidents">{words.rounds.allIncidents}</Link>
        </Text>
      </div>
      <Incidents />
      {isPending && <Loading />}
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {error && data && <Alert color="orange">{texts.state.stale}</Alert>}
      {data && !data.scheduler_answers && <Alert color="orange">{words.rounds.noScheduler}</Alert>}
      {data?.items.length === 0 && <Empty>{words.rounds.none}</Empty>}
      {data?.items.map((task) => (
        <TaskCard key={task.id} task={task} />
      ))}
    </Stack>
  );
}

function Incidents() {
  const texts = useTasksTexts();
  const { data = [], error, refetch } = useIncidents();
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (data.length === 0) return null;
  return (
    <Alert color="red" variant="filled" className="incidents" title={texts.rounds.incidents(data.length)}>
      <ul>
        {data.map((incident) => (
          <IncidentLine key={incident.id} incident={incident} />
        ))}
      </ul>
    </Alert>
  );
}

function IncidentLine({ incident: { kind, task, key, opened_at } }: { incident: IncidentView }) {
  const { language } = useLanguage();
  const names = useTaskNames();
  const texts = useTasksTexts();
  return (
    <li>
      {task && (
        <>
          <Link href={runsAddress(task)}>{worded(names, task)}</Link>
          {' · '}
        </>
      )}
      {kind === 'overrun' && key ? (
        <Link href={runAddress(key)}>{worded(texts.incident, kind)}</Link>
      ) : (
        worded(texts.incident, kind)
      )}{' '}
      {opened_at && `${texts.rounds.since} ${instant(opened_at, language)}`}
    </li>
  );
}
