import { Stack, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { IncidentView } from '../../../../shared/domains/watch/incident.ts';
import { runAddress, runsAddress } from '../base/addresses.ts';
import { instant } from '../base/format.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { usePages } from '../base/pages.ts';
import { Mark } from '../ui/outcome.tsx';
import { MoreButton } from '../ui/pages-button.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { useTasksTexts } from './texts.ts';
import { useTaskNames } from './words.ts';

/** All that the watchman has found, newest first. */
export default function IncidentsPage() {
  const texts = useTasksTexts();
  const list = usePages<IncidentView>(['incidents', 'all'], '/v1/admin/incidents', {});
  const { data, error, isPending, refetch } = list;
  const incidents = data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Stack gap="lg">
      <Title order={1}>{texts.incidents.title}</Title>
      {isPending && <Loading />}
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && incidents.length === 0 && <Empty>{texts.incidents.none}</Empty>}
      <ul className="lines">
        {incidents.map((incident) => (
          <Line key={incident.id} incident={incident} />
        ))}
      </ul>
      <MoreButton list={list} />
    </Stack>
  );
}

function Line({ incident: { kind, task, key, opened_at, recovered_at } }: { incident: IncidentView }) {
  const { language } = useLanguage();
  const names = useTaskNames();
  const texts = useTasksTexts();
  const run = kind === 'overrun' && key;
  return (
    <li className="line incident wrapped">
      <span className="dimmed">{instant(opened_at, language)}</span>
      <span>
        {run ? (
          <Link href={runAddress(key)}>{worded(texts.incident, kind)}</Link>
        ) : (
          worded(texts.incident, kind)
        )}
      </span>
      <span>{task && <Link href={runsAddress(task)}>{worded(names, task)}</Link>}</span>
      <Mark color={recovered_at ? 'gray' : 'red'}>
        {recovered_at ? texts.incidents.over(instant(recovered_at, language)) : texts.incidents.open}
      </Mark>
    </li>
  );
}
