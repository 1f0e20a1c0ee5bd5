import { Button, Group, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { AlertView } from '../../../../shared/domains/tickets/log.ts';
import type { TicketView } from '../../../../shared/domains/tickets/ticket-view.ts';
import type { Page } from '../../api/paging.ts';
import { faultText } from '../base/faults.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useNotify } from '../base/notify.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { Facts } from '../ui/facts.tsx';
import { Failure, Loading } from '../ui/state.tsx';
import { AlertLine } from './log.tsx';
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
          {texts.days(delay.days_in_stage ?? 0)}{' '}
          <span className="dimmed">{texts.one.lateAfter(delay.threshold_days)}</span>
        </span>
      </UnstyledButton>
      {opened && <TicketFacts ticket={ticket} />}
    </li>
  );
}

/** Shows a ticket's delay, its recipients, and the alerts about it. */
export function TicketFacts({ ticket }: { ticket: TicketView }) {
  const { id, delay, assignee, recipients } = ticket;
  const { language } = useLanguage();
  const texts = useAlertsTexts();
  const words = texts.one;
  return (
    <Stack gap="sm" pb="md">
      <Facts
        facts={[
          [words.id, <code key="id">{id}</code>],
          [words.inStage, words.inStageFor(delay.days_in_stage ?? 0, instant(delay.since, language))],
          [words.knownBy, delay.source && words.sources[delay.source]],
          [words.threshold, texts.days(delay.threshold_days)],
          [words.lateSince, instant(delay.late_after, language)],
          [words.assignee, assignee],
          [words.recipients, delay.late && (recipients.join(', ') || words.nobody)],
        ]}
      />
      <Snooze ticket={ticket} />
      <TicketAlerts ticket={id} />
    </Stack>
  );
}

/** Stops alerts about a ticket until a day begins, in the zone of the browser. */
function Snooze({ ticket: { id, number } }: { ticket: TicketView }) {
  const { texts } = useLanguage();
  const words = useAlertsTexts().one;
  const { api } = useSignedIn();
  const notify = useNotify();
  const queries = useQueryClient();
  const [day, setDay] = useState('');
  const { mutate, isPending } = useMutation({
    mutationFn: () =>
      api.send('PATCH', `/v1/admin/tickets/${encodeURIComponent(id)}`, {
        snoozed_until: new Date(`${day}T00:00`).toISOString(),
      }),
    onSuccess: () => {
      notify({ color: 'teal', message: words.snoozed(number ?? id) });
      return queries.invalidateQueries({ queryKey: ['late'] });
    },
    onError: (error) => notify({ color: 'red', message: faultText(error, texts) }),
  });
  return (
    <Group align="flex-end" gap="xs">
      <TextInput
        label={words.snooze}
        type="date"
        value={day}
        onChange={({ currentTarget }) => setDay(currentTarget.value)}
      />
      <Button variant="default" loading={isPending} disabled={day === ''} onClick={() => mutate()}>
        {words.snoozeButton}
      </Button>
    </Group>
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
