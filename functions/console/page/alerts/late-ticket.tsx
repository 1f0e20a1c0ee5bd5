import { Stack, Text, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AlertView } from '../../../../shared/domains/tickets/log.ts';
import type { TicketView } from '../../../../shared/domains/tickets/ticket-list.ts';
import type { Page } from '../../api/paging.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useSignedIn } from '../base/signed-in.ts';
import { Facts } from '../ui/facts.tsx';
import { Failure, Loading } from '../ui/state.tsx';
import { AlertLine } from './log.tsx';
import { useRecipients } from './queries.ts';
import { useAlertsTexts } from './texts.ts';

/** The number of last alerts shown for one ticket, the same as in `ronde alerts ticket`. */
const SHOWN_ALERTS = 10;

/** Shows a late ticket in one line. Opened, it also shows why it is late, its recipients and the alerts sent. */
export function LateTicket({ ticket }: { ticket: TicketView }) {
  const texts = useAlertsTexts();
  const [opened, setOpened] = useState(false);
  const { delay } = ticket;
  return (
    <li>
      <UnstyledButton
        className="line ticket wrapped"
        w="100%"
        aria-expanded={opened}
        onClick={() => setOpened(!opened)}
      >
        <strong>{ticket.number ?? ticket.id}</strong>
        <span>{ticket.device}</span>
        <span className="dimmed">{ticket.customer_name}</span>
        <span>
          {texts.days(Math.floor(delay.days_in_stage))}{' '}
          <span className="dimmed">{texts.one.lateAfter(delay.threshold_days)}</span>
        </span>
      </UnstyledButton>
      {opened && <TicketFacts ticket={ticket} />}
    </li>
  );
}

/** Shows a ticket's delay, its recipients, and the alerts about it. */
export function TicketFacts({ ticket: { id, delay } }: { ticket: TicketView }) {
  const { language } = useLanguage();
  const texts = useAlertsTexts();
  const words = texts.one;
  // A new read here could change the form above while a person edits it.
  const { data: list } = useRecipients({ refetchOnMount: false });
  const recipients = list?.recipients
    .filter(({ active }) => active)
    .map(({ name, email }) => `${name} <${email}>`);
  return (
    <Stack gap="sm" pb="md">
      <Facts
        facts={[
          [words.id, <code key="id">{id}</code>],
          [words.inStage, words.inStageFor(Math.floor(delay.days_in_stage), instant(delay.since, language))],
          [words.knownBy, words.sources[delay.source]],
          [words.threshold, texts.days(delay.threshold_days)],
          [words.lateSince, instant(delay.late_after, language)],
          [words.recipients, recipients && (recipients.join(', ') || words.nobody)],
        ]}
      />
      <TicketAlerts ticket={id} />
    </Stack>
  );
}

/** The last alerts about one ticket, to whomever. */
function TicketAlerts({ ticket }: { ticket: string }) {
  const { api } = useSignedIn();
  const words = useAlertsTexts().one;
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['alert-log', ticket],
    queryFn: ({ signal }) => {
      const query = new URLSearchParams({ ticket, limit: String(SHOWN_ALERTS) });
      return api.get<Page<AlertView>>(`/tickets/alerts/log?${query}`, signal);
    },
  });
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  if (data.items.length === 0) return <Text c="dimmed">{words.noAlerts}</Text>;
  return (
    <div>
      <Text fw={600}>{words.alerts}</Text>
      <ul className="lines">
        {data.items.map((entry) => (
          <AlertLine key={entry.id} entry={entry} />
        ))}
      </ul>
    </div>
  );
}
