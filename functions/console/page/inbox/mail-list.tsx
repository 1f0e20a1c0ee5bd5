import { Button, NativeSelect, Text } from '@mantine/core';
import { useLocation } from 'wouter';
import type { MessageSummary } from '../../../../shared/domains/inbox/mailbox/views.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { usePages } from '../base/pages.ts';
import { useSignedIn } from '../base/signed-in.ts';
import { MoreButton } from '../ui/pages-button.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { Conversations } from './mail-lines.tsx';
import { useMailboxAction, useMailboxes, useMailboxName } from './queries.ts';
import { useInboxTexts } from './texts.ts';

/** All mail, or that of one mailbox; the address keeps which. */
export function MailList({ mailbox }: { mailbox: string }) {
  const texts = useInboxTexts();
  const [, go] = useLocation();
  const { data } = useMailboxes();
  const boxes = (data?.items ?? []).map(({ id, label, auth }) => ({
    value: id,
    label: label || auth.user || id,
  }));
  return (
    <>
      {boxes.length > 1 && (
        <NativeSelect
          label={texts.mailbox}
          maw={320}
          value={mailbox}
          onChange={({ currentTarget: { value } }) =>
            go(value ? `/inbox?mailbox=${encodeURIComponent(value)}` : '/inbox', { replace: true })
          }
          data={[{ value: '', label: texts.allMailboxes }, ...boxes]}
        />
      )}
      <Mails key={mailbox} mailbox={mailbox} />
    </>
  );
}

function Mails({ mailbox }: { mailbox: string }) {
  const texts = useInboxTexts();
  const list = usePages<MessageSummary>(['mails', mailbox], '/api/inbox/summaries', {
    integration_id: mailbox,
  });
  const { data, error, isPending, refetch } = list;
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const mails = data.pages.flatMap(({ items }) => items).filter(({ quarantined }) => !quarantined);
  if (mails.length === 0 && !list.hasNextPage) return <Empty>{texts.noMails}</Empty>;
  return (
    <div>
      <Conversations mails={mails} />
      <MoreButton list={list} />
    </div>
  );
}

/** Asks the mail server for one mail again. */
function RetryButton({ id }: { id: string }) {
  const { api } = useSignedIn();
  const texts = useInboxTexts();
  const retry = useMailboxAction(
    async () => {
      const path = `/api/inbox/messages/${encodeURIComponent(id)}/retry`;
      return { quarantined: (await api.send<MessageSummary>('POST', path, {})).quarantined, error: null };
    },
    ({ quarantined }) => (quarantined ? texts.retriedInVain : texts.retried),
  );
  return (
    <Button size="compact-md" variant="default" loading={retry.isPending} onClick={() => retry.mutate()}>
      {texts.retry}
    </Button>
  );
}

/** The mails that could not be read, and why. */
export function Quarantine() {
  const { language } = useLanguage();
  const texts = useInboxTexts();
  const nameOf = useMailboxName();
  const list = usePages<MessageSummary>(['mails', 'quarantine'], '/api/inbox/messages', {
    quarantined: 'true',
  });
  const { data, error, isPending, refetch } = list;
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const mails = data.pages.flatMap(({ items }) => items);
  if (mails.length === 0) return <Empty>{texts.noQuarantine}</Empty>;
  return (
    <div>
      <Text c="dimmed">{texts.quarantineHelp}</Text>
      <ul className="lines">
        {mails.map(({ id, received_at, folder, integration_id, quarantined }) => (
          <li key={id} className="line quarantined wrapped">
            <span className="dimmed">{instant(received_at, language)}</span>
            <span>{texts.inFolder(folder, nameOf(integration_id))}</span>
            <code lang="en">{quarantined?.reason}</code>
            <span className="dimmed">{quarantined && texts.attempts(quarantined.attempts)}</span>
            <RetryButton id={id} />
          </li>
        ))}
      </ul>
      <MoreButton list={list} />
    </div>
  );
}
