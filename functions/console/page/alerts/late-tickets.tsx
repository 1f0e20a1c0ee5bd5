import { Group, Stack, Text, Title } from '@mantine/core';
import type { TicketView } from '../../../../shared/domains/tickets/ticket-view.ts';
import { usePages } from '../base/pages.ts';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { LateTicket } from './late-ticket.tsx';
import { useAlertsTexts } from './texts.ts';

/** The late tickets of one page; the list says if there are more. */
const SHOWN = 200;

/** The tickets that are late now, by stage, the longest first. */
export function LateTickets() {
  const texts = useAlertsTexts();
  const path = '/v1/admin/tickets';
  const { data, error, isPending, refetch, hasNextPage } = usePages<TicketView>(
    ['late'],
    path,
    { late: 'true' },
    { limit: SHOWN },
  );
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const tickets = data.pages.flatMap(({ items }) => items);
  if (tickets.length === 0) return <Empty>{texts.noLate}</Empty>;
  const stages = [...Map.groupBy(tickets, ({ stage }) => stage ?? '–')];
  return (
    <Stack mt="sm">
      {stages.map(([stage, late]) => (
        <Stage key={stage} stage={stage} tickets={late} />
      ))}
      {hasNextPage && <Text c="dimmed">{texts.more}</Text>}
    </Stack>
  );
}

function Stage({ stage, tickets }: { stage: string; tickets: TicketView[] }) {
  const texts = useAlertsTexts();
  const sorted = tickets.toSorted(
    (one, other) => (other.delay.days_in_stage ?? 0) - (one.delay.days_in_stage ?? 0),
  );
  return (
    <div>
      <Group gap="xs" align="baseline">
        <Title order={3} size="h5" className="wrapped">
          {stage}
        </Title>
        <Text c="dimmed">{texts.lateCount(tickets.length)}</Text>
      </Group>
      <ul className="lines">
        {sorted.map((ticket) => (
          <LateTicket key={ticket.id} ticket={ticket} />
        ))}
      </ul>
    </div>
  );
}
