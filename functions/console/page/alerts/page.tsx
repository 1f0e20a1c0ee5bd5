import { Stack, Title } from '@mantine/core';
import { useTitle } from '../base/title.ts';
import { Section } from '../ui/section.tsx';
import { Failure, Loading } from '../ui/state.tsx';
import { LateTickets } from './late-tickets.tsx';
import { AlertLog } from './log.tsx';
import { useRecipients } from './queries.ts';
import { RecipientList } from './recipient-list.tsx';
import { useAlertsTexts } from './texts.ts';

/** The recipients of alerts, the tickets that are late now, and the alerts so far, all on one page. */
export default function AlertsPage() {
  const texts = useAlertsTexts();
  useTitle(texts.title);
  return (
    <Stack gap="xl">
      <Title order={1}>{texts.title}</Title>
      <Section id="recipients" title={texts.recipients} size="h3">
        <Recipients />
      </Section>
      <Section id="late" title={texts.late} size="h3">
        <LateTickets />
      </Section>
      <Section id="log" title={texts.log} size="h3">
        <AlertLog />
      </Section>
    </Stack>
  );
}

function Recipients() {
  const { data, error, isPending, refetch } = useRecipients();
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  return <RecipientList key={JSON.stringify(data)} stored={data} />;
}
