import { Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { TicketView } from '../../../../shared/domains/tickets/ticket-view.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { useTitle } from '../base/title.ts';
import { Failure, Loading } from '../ui/state.tsx';
import { TicketFacts } from './late-ticket.tsx';
import { useAlertsTexts } from './texts.ts';

/** One ticket: its stage, how long it has been there, and the alerts about it. */
export default function TicketPage({ id }: { id: string }) {
  const texts = useAlertsTexts();
  const { api } = useSignedIn();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['ticket', id],
    queryFn: ({ signal }) => api.get<TicketView>(`/v1/admin/tickets/${encodeURIComponent(id)}`, signal),
  });
  const title = `${texts.ticket} ${data?.number ?? id}`;
  useTitle(title);
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} missing={texts.missing} />;
  return (
    <Stack gap="lg">
      <div>
        <Link href="/alerts">{texts.title}</Link>
        <Title order={1} size="h2" className="wrapped">
          {title}
        </Title>
        <span className="dimmed">
          {[data.customer_name, data.device, data.stage].filter(Boolean).join(' · ')}
        </span>
      </div>
      <TicketFacts ticket={data} />
    </Stack>
  );
}
