import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { MessageLine } from '../../../../shared/domains/inbox/mailbox/views.ts';
import type { Address } from '../../../../shared/domains/inbox/message/message.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { Facts } from '../ui/facts.tsx';
import { MailFrame } from '../ui/mail-frame.tsx';
import { Mark } from '../ui/outcome.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { Attachments } from './attachments.tsx';
import { withoutPictures } from './mail-body.ts';
import { senderOf } from './mail-lines.tsx';
import { useMail, useMailboxName } from './queries.ts';
import { useInboxTexts } from './texts.ts';

/** One mail of a conversation; its body is fetched once it is opened. */
export function Message({ mail, open }: { mail: MessageLine; open: boolean }) {
  const { language } = useLanguage();
  const texts = useInboxTexts();
  const [opened, setOpened] = useState(open);
  // One mail may lie in two mailboxes, and then stands here twice.
  const mailboxName = useMailboxName();
  const sender = senderOf(mail, texts.noSender);
  return (
    <li className="message">
      <Button
        className="message-head"
        variant="subtle"
        color="gray"
        fullWidth
        justify="space-between"
        aria-expanded={opened}
        onClick={() => setOpened(!opened)}
        rightSection={<span className="dimmed">{instant(mail.received_at, language)}</span>}
      >
        <span className={mail.seen ? '' : 'unread'}>
          <bdi>{sender}</bdi>
        </span>{' '}
        {mail.from?.name && <span className="dimmed">{`<${mail.from.address}>`} </span>}
        <span className="dimmed">{texts.inFolder(mail.folder, mailboxName(mail.integration_id))}</span>
      </Button>
      {opened ? (
        <Opened mail={mail} sender={sender} />
      ) : (
        <Text c="dimmed" px="md" pb="sm" className="wrapped">
          {mail.snippet}
        </Text>
      )}
    </li>
  );
}

function Opened({ mail, sender }: { mail: MessageLine; sender: string }) {
  const texts = useInboxTexts();
  return (
    <Stack gap="sm" px="md" pb="md">
      <Group gap={6}>
        {mail.auto_reply && <Mark color="gray">{texts.auto}</Mark>}
        {mail.removed_at && <Mark color="orange">{texts.removed}</Mark>}
        {mail.truncated && <Mark color="gray">{texts.truncated}</Mark>}
        {mail.quarantined && <Mark color="orange">{texts.views.quarantine}</Mark>}
      </Group>
      <Facts
        facts={[
          [texts.thread.from, mail.from && addressText(mail.from)],
          [texts.thread.to, mail.to?.map(addressText).join(', ')],
          [texts.thread.cc, mail.cc?.map(addressText).join(', ')],
        ]}
      />
      <MailBody id={mail.id} sender={sender} />
      {mail.attachments?.length > 0 && <Attachments mail={mail} />}
    </Stack>
  );
}

function MailBody({ id, sender }: { id: string; sender: string }) {
  const texts = useInboxTexts();
  const { data, error, isPending, refetch } = useMail(id);
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  if (data.html) return <HtmlBody html={data.html} text={data.text} sender={sender} />;
  if (data.text) return <div className="mail-text wrapped">{data.text}</div>;
  return <Empty>{texts.thread.empty}</Empty>;
}

/** Mails of older versions may have characters in a name that would turn the address behind it. */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g;
const addressText = ({ name, address }: Address) =>
  name ? `${name.replace(TURNS, '')} <${address}>` : address;

function HtmlBody({ html, text, sender }: { html: string; text: string; sender: string }) {
  const texts = useInboxTexts();
  const body = withoutPictures(html, texts.thread.picture);
  return (
    <>
      {(body.remote || body.inline) && (
        <Alert color="blue">
          {[body.remote && texts.thread.blocked, body.inline && texts.thread.inline]
            .filter(Boolean)
            .join(' ')}
        </Alert>
      )}
      <MailFrame html={body.html} title={texts.thread.frame(sender)} />
      <details>
        <summary>{texts.thread.text}</summary>
        <Code block className="wrapped mail-text">
          {text}
        </Code>
      </details>
    </>
  );
}
