import { Group } from '@mantine/core';
import { Link } from 'wouter';
import type { MessageSummary } from '../../../../shared/domains/inbox/mailbox/views.ts';
import { instant } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { Mark } from '../ui/outcome.tsx';
import { useInboxTexts } from './texts.ts';

/** Conversations, the one with the newest mail first. */
export function Conversations({ mails }: { mails: readonly MessageSummary[] }) {
  const threads = [...Map.groupBy(mails, ({ thread_id }) => thread_id).values()];
  return (
    <ul className="lines">
      {threads.map((thread) => (
        <Conversation key={thread[0]?.thread_id} mails={thread} />
      ))}
    </ul>
  );
}

function Conversation({ mails }: { mails: readonly MessageSummary[] }) {
  const { language } = useLanguage();
  const texts = useInboxTexts();
  const [newest] = mails;
  if (!newest) return null;
  const people = [...new Set(mails.map((mail) => senderOf(mail, texts.noSender)))];
  const attachments = mails.reduce((sum, mail) => sum + (mail.attachments?.length ?? 0), 0);
  const unread = mails.some(({ seen }) => !seen);
  return (
    <li className="line mail-line wrapped">
      <span className={unread ? 'unread' : ''}>
        {people.map((person, index) => (
          <span key={person}>
            {index > 0 && ', '}
            <bdi>{person}</bdi>
          </span>
        ))}
      </span>
      <span>
        <Link href={`/inbox/threads/${encodeURIComponent(newest.thread_id)}`}>
          <bdi>{newest.subject || texts.noSubject}</bdi>
        </Link>{' '}
        <span className="dimmed">{newest.snippet.slice(0, 160)}</span>
        <Group gap={6} mt={4}>
          {mails.length > 1 && <Mark color="gray">{texts.count(mails.length)}</Mark>}
          {unread && <Mark color="blue">{texts.unread}</Mark>}
          {newest.auto_reply && <Mark color="gray">{texts.auto}</Mark>}
          {newest.removed_at && <Mark color="orange">{texts.removed}</Mark>}
          {attachments > 0 && <Mark color="gray">{texts.withAttachments(attachments)}</Mark>}
        </Group>
      </span>
      <span className="dimmed">{instant(newest.received_at, language)}</span>
    </li>
  );
}

/** Returns the sender's name, or the address if there is no name. */
export function senderOf({ from }: Pick<MessageSummary, 'from'>, nobody: string): string {
  return from?.name || from?.address || nobody;
}
