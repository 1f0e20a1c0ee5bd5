import { Stack, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { IncidentView } from '../../../../shared/domains/watch/incident.ts';
import { runAddress, runsAddress } from '../base/addresses.ts';
import type { Widened } from '../base/en.ts';
import { instant } from '../base/format.ts';
import { useLanguage, useWords, worded } from '../base/language.tsx';
import { usePages } from '../base/pages.ts';
import { Mark } from '../ui/outcome.tsx';
import { MoreButton } from '../ui/pages-button.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';

const en = {
  title: 'Incidents',
  none: 'The watchman has found nothing wrong so far.',
  open: 'open',
  over: (at: string) => `over since ${at}`,
};
const fr: Widened<typeof en> = {
  title: 'Incidents',
  none: 'Le veilleur n’a encore rien trouvé d’anormal.',
  open: 'ouvert',
  over: (at) => `terminé ${at}`,
};

/** All that the watchman has found, newest first. */
export default function IncidentsPage() {
  const words = useWords({ en, fr });
  const list = usePages<IncidentView>(['incidents', 'all'], '/v1/admin/incidents', {});
  const { data, error, isPending, refetch } = list;
  const incidents = data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Stack gap="lg">
      <Title order={1}>{words.title}</Title>
      {isPending && <Loading />}
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && incidents.length === 0 && <Empty>{words.none}</Empty>}
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
  const { language, texts } = useLanguage();
  const words = useWords({ en, fr });
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
      <span>{task && <Link href={runsAddress(task)}>{worded(texts.task, task)}</Link>}</span>
      <Mark color={recovered_at ? 'gray' : 'red'}>
        {recovered_at ? words.over(instant(recovered_at, language)) : words.open}
      </Mark>
    </li>
  );
}
