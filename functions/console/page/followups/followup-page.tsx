import { Alert, Button, CopyButton, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { FollowupDetail, FullExplanation } from '../../api/followups/views.ts';
import { billingAddress, runAddress } from '../base/addresses.ts';
import { dayOf, instant } from '../base/format.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { useTitle } from '../base/title.ts';
import { Facts } from '../ui/facts.tsx';
import { Mark } from '../ui/outcome.tsx';
import { MoreButton } from '../ui/pages-button.tsx';
import { Section } from '../ui/section.tsx';
import { Failure, Loading } from '../ui/state.tsx';
import { Actions } from './actions.tsx';
import { HistoryLines, Levels } from './history.tsx';
import { isEndless, money, nameOf } from './money.ts';
import { Pips } from './pips.tsx';
import { Preview } from './preview.tsx';
import { useFollowup, useHistory } from './queries.ts';
import { Settle } from './settle.tsx';
import { useFollowupsTexts } from './texts.ts';

const STATUS_COLORS: Record<string, string> = { open: 'blue', paid: 'teal', accepted: 'teal' };

/** A follow-up: its state and the reason, the possible acts, its mails, and its history. */
export default function FollowupPage({ id }: { id: string }) {
  const texts = useFollowupsTexts();
  const { data, error, isPending, refetch } = useFollowup(id);
  useTitle(data ? `${worded(texts.type, data.type ?? null)} ${nameOf(data)}` : texts.title);
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} missing={texts.one.missing} />;
  return (
    <Stack gap="lg">
      <div>
        <Link href="/followups">{texts.one.back}</Link>
        <Title order={1} size="h2" className="wrapped">
          {worded(texts.type, data.type ?? null)} {nameOf(data)}
        </Title>
        <Group gap="sm">
          <Mark color={STATUS_COLORS[data.status ?? ''] ?? 'gray'}>
            {worded(texts.status, data.status ?? null)}
          </Mark>
          <Pips sent={data.level ?? 0} all={data.explanation?.levels ?? 0} />
        </Group>
      </div>
      {data.parked?.reason === 'unknown_delivery' && <Unsettled followup={data} />}
      <Standing followup={data} />
      <Actions followup={data} />
      <Preview followup={data} />
      <Past id={data.id} />
    </Stack>
  );
}

function Standing({ followup }: { followup: FollowupDetail }) {
  const { language } = useLanguage();
  const texts = useFollowupsTexts();
  const { explanation, customer, paused_until } = followup;
  const next = explanation?.next_due_at;
  return (
    <Stack gap="sm">
      {explanation && (
        <Alert color={explanation.decision === 'park' ? 'orange' : 'blue'} title={texts.one.why}>
          {explanation.message[language]}
          {explanation.detail && (
            <Text size="sm" lang="en" className="wrapped">
              {explanation.detail}
            </Text>
          )}
          {explanation.reason === 'held' && followup.org_id && (
            <Text size="sm">
              <Link href={billingAddress(followup.org_id)}>{texts.one.confirmHeld}</Link>
            </Text>
          )}
          <LastRun explanation={explanation} />
        </Alert>
      )}
      <Facts
        facts={[
          [texts.one.customer, [customer?.name, customer?.email].filter(Boolean).join(' · ')],
          [texts.one.amount, money(followup, language)],
          [
            texts.one.dueDate,
            followup.due_date && dayOf(followup.due_date, language, followup.due_zone ?? undefined),
          ],
          [texts.one.quoteSent, followup.sent_at && instant(followup.sent_at, language)],
          [
            texts.one.pausedUntil,
            paused_until &&
              (isEndless(paused_until) ? texts.one.pausedForGood : instant(paused_until, language)),
          ],
          [
            texts.one.next,
            next &&
              !isEndless(next) &&
              explanation.level !== null &&
              texts.one.nextLevel(explanation.level, instant(next, language)),
          ],
          [texts.one.last, followup.last_sent_at && instant(followup.last_sent_at, language)],
          [texts.one.id, <Id key="id" id={followup.id} />],
          [texts.one.organisation, <Organisation key="organisation" id={followup.org_id ?? null} />],
        ]}
      />
    </Stack>
  );
}

/** A run that left it although it was due says why in its own record. */
function LastRun({ explanation: { last_run } }: { explanation: FullExplanation }) {
  const { language } = useLanguage();
  const texts = useFollowupsTexts();
  if (!last_run) return null;
  return (
    <Text size="sm">
      <Link href={runAddress(last_run.run_id)}>{texts.one.lastRun}</Link>{' '}
      {last_run.reasons.map(({ message, count }) => `${message[language]} (${count})`).join(' ')}
    </Text>
  );
}

const Organisation = ({ id }: { id: string | null }) => id && <Link href={billingAddress(id)}>{id}</Link>;

/** The name that the command line and the API know it by, which is not the number that stands on the document. */
function Id({ id }: { id: string }) {
  const texts = useFollowupsTexts();
  return (
    <CopyButton value={id}>
      {({ copied, copy }) => (
        <>
          <code>{id}</code>{' '}
          <Button size="compact-xs" variant="default" onClick={copy}>
            {copied ? texts.one.copied : texts.one.copy}
          </Button>
        </>
      )}
    </CopyButton>
  );
}

function Unsettled({ followup }: { followup: FollowupDetail }) {
  const { data } = useHistory(followup.id);
  const unknown = data?.pages[0]?.sends.find(({ state }) => state === 'unknown');
  return <Settle followup={followup} messageId={unknown?.message_id ?? null} />;
}

function Past({ id }: { id: string }) {
  const texts = useFollowupsTexts();
  const list = useHistory(id);
  const { data, error, isPending, refetch } = list;
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const sends = data.pages[0]?.sends ?? [];
  return (
    <>
      <Section id="levels" title={texts.one.mails}>
        <Levels sends={sends} />
      </Section>
      <Section id="history" title={texts.one.history}>
        <HistoryLines lines={data.pages.flatMap(({ items }) => items)} />
        <MoreButton list={list} label={texts.one.older} />
      </Section>
    </>
  );
}
