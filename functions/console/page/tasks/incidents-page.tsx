import { Stack, Table, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { IncidentView } from '../../../../shared/domains/watch/incident.ts';
import { runAddress, runsAddress } from '../base/addresses.ts';
import { instant } from '../base/format.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { usePages } from '../base/pages.ts';
import { useTitle } from '../base/title.ts';
import { Mark } from '../ui/outcome.tsx';
import { MoreButton } from '../ui/pages-button.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { useTasksTexts } from './texts.ts';
import { useTaskNames } from './words.ts';

/** All that watch-runs has found, newest first. */
export default function IncidentsPage() {
  const { incidents: texts } = useTasksTexts();
  const list = usePages<IncidentView>(['incidents', 'all'], '/v1/admin/incidents', {});
  const { data, error, isPending, refetch } = list;
  const incidents = data?.pages.flatMap(({ items }) => items) ?? [];
  useTitle(texts.title);
  return (
    <Stack gap="lg">
      <Title order={1} size="h2">
        {texts.title}
      </Title>
      {isPending && <Loading />}
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && incidents.length === 0 && <Empty>{texts.none}</Empty>}
      {incidents.length > 0 && (
        <Table verticalSpacing="xs" className="wide-table">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.found}</Table.Th>
              <Table.Th>{texts.what}</Table.Th>
              <Table.Th>{texts.task}</Table.Th>
              <Table.Th>{texts.state}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {incidents.map((incident) => (
              <Line key={incident.id} incident={incident} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      <MoreButton list={list} />
    </Stack>
  );
}

function Line({ incident }: { incident: IncidentView }) {
  const { kind, task, key, opened_at, recovered_at, acknowledged_by } = incident;
  const { language } = useLanguage();
  const names = useTaskNames();
  const texts = useTasksTexts();
  const what = worded(texts.incident, kind);
  const state = recovered_at
    ? texts.incidents.over(instant(recovered_at, language))
    : acknowledged_by
      ? texts.incidents.takenBy(acknowledged_by)
      : texts.incidents.open;
  return (
    <Table.Tr className="incident wrapped">
      <Table.Td className="dimmed">{instant(opened_at, language)}</Table.Td>
      <Table.Td>{kind === 'overrun' && key ? <Link href={runAddress(key)}>{what}</Link> : what}</Table.Td>
      <Table.Td>{task && <Link href={runsAddress(task)}>{worded(names, task)}</Link>}</Table.Td>
      <Table.Td>
        <Mark color={recovered_at ? 'gray' : acknowledged_by ? 'orange' : 'red'}>{state}</Mark>
      </Table.Td>
    </Table.Tr>
  );
}
