import { Stack, Title } from '@mantine/core';
import { Failure, Loading } from '../ui/state.tsx';
import { LateTickets } from './late-tickets.tsx';
import { AlertLog } from './log.tsx';
import { useRecipients } from './queries.ts';
import { RecipientList } from './recipient-list.tsx';
import { useAlertsTexts } from './texts.ts';

/** Who is told of late tickets, which tickets are late now, and what was told: all on one page, as it used to be. */
export default function AlertsPage() {
  const texts = useAlertsTexts();
  return (
    <Stack gap="xl">
      <Title order={1}>{texts.title}</Title>
      <section aria-labelledby="recipients">
        <Title order={2} size="h3" id="recipients">
          {texts.recipients}
        </Title>
        <Recipients />
      </section>
      <section aria-labelledby="late">
        <Title order={2} size="h3" id="late">
          {texts.late}
        </Title>
        <LateTickets />
      </section>
      <section aria-labelledby="log">
        <Title order={2} size="h3" id="log">
          {texts.log}
        </Title>
        <AlertLog />
      </section>
    </Stack>
  );
}

function Recipients() {
  const { data, error, isPending, refetch } = useRecipients();
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  return <RecipientList key={JSON.stringify(data)} stored={data} />;
}
