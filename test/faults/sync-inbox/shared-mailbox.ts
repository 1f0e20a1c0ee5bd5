import { type ImapUser, type LocalImap, startImap } from '../../../infra/local/imap/imap.ts';
import { systemClock } from '../../../shared/doors/clock.ts';
import { mail } from '../../support/inbox/mailbox.ts';

const HOUR_MS = 3_600_000;
const BODY = 'A line of a mail, as long as such lines are.\r\n'.repeat(20);

/** A Dovecot with one mailbox, whose Message-IDs count up from `<m0@x.test>`. */
export interface SharedMailbox {
  imap: LocalImap;
  user: ImapUser;
}

const started = new Map<number, Promise<SharedMailbox>>();

/** Returns the mailbox of `count` mails, which all runs share: a sync only reads it. */
export function sharedMailbox(count: number): Promise<SharedMailbox> {
  const mailbox = started.get(count) ?? start(count);
  started.set(count, mailbox);
  return mailbox;
}

async function start(count: number): Promise<SharedMailbox> {
  const imap = await startImap({ prefer: 'real', users: ['anna'] });
  const [user] = imap?.users ?? [];
  if (!imap || !user) throw new Error('Dovecot is not on this machine; install dovecot-imapd.');
  const now = systemClock().getTime();
  const mails = Array.from({ length: count }, (_, index) =>
    mail({ 'Message-ID': `<m${index}@x.test>`, Subject: `Mail ${index}` }, BODY),
  );
  imap.deliver(user.user, mails, (index) => new Date(now - (count - index) * HOUR_MS));
  return { imap, user };
}

/** Stops all shared mailboxes; the next run starts new ones. */
export async function stopSharedMailboxes(): Promise<void> {
  const all = [...started.values()];
  started.clear();
  for (const mailbox of all) await (await mailbox).imap.stop();
}
