import { type Firestore, Timestamp } from '@google-cloud/firestore';
import { ImapFlow } from 'imapflow';
import { ownerOf } from '../../../shared/domains/inbox/integration.ts';
import { seal } from '../../../shared/doors/account/sealed.ts';
import { parseMailbox } from '../../../shared/doors/mail/address.ts';
import type { ImapUser, LocalImap } from '../imap/imap.ts';
import { DEMO_MAILS, type DemoMail } from './mails.ts';

const HOUR_MS = 3_600_000;

const mailsOf = (user: string) => DEMO_MAILS[user] ?? [];
const messageId = (id: string) => `<${id}@demo.ronde.test>`;

function rawMail({ from, subject, text, id, answers, headers = [] }: DemoMail, to: string, at: Date): string {
  const words = (value: string) => `=?utf-8?B?${Buffer.from(value).toString('base64')}?=`;
  const { name = '', address } = parseMailbox(from) ?? { address: from };
  const lines = [
    `From: ${words(name)} <${address}>`,
    `To: ${to}@ronde.test`,
    `Subject: ${words(subject)}`,
    `Date: ${at.toUTCString()}`,
    `Message-ID: ${messageId(id)}`,
    ...(answers ? [`In-Reply-To: ${messageId(answers)}`, `References: ${messageId(answers)}`] : []),
    ...headers,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
  ];
  const body = Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n');
  return `${lines.join('\r\n')}\r\n\r\n${body}\r\n`;
}

/** Fills the local mailboxes and makes them ready for sync. */
export async function fillInbox(
  store: Firestore,
  imap: LocalImap,
  keys: readonly string[],
  now: Date,
): Promise<{ mailboxes: number; mails: number }> {
  for (const user of imap.users) {
    await deliver(imap, user, now);
    const ref = store.collection('inbox_integrations').doc(`demo-${user.user}`);
    await ref.create({
      org_id: 'demo',
      label: `Demo: ${user.user}`,
      active: true,
      notify_email: 'owner@ronde.test',
      ...{ host: imap.host, port: imap.port, secure: false },
      auth: {
        method: 'password',
        user: user.user,
        sealed: seal(JSON.stringify({ password: user.password }), ownerOf(ref.id), keys),
      },
      folders: ['INBOX'],
      created_at: Timestamp.fromDate(now),
    });
  }
  return { mailboxes: imap.users.length, mails: imap.users.flatMap(({ user }) => mailsOf(user)).length };
}

async function deliver(imap: LocalImap, { user, password }: ImapUser, now: Date): Promise<void> {
  const { host, port } = imap;
  const auth = { user, pass: password };
  const client = new ImapFlow({ host, port, secure: false, doSTARTTLS: false, auth, logger: false });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const mail of mailsOf(user)) {
      const at = new Date(now.getTime() - mail.hoursAgo * HOUR_MS);
      await client.append('INBOX', rawMail(mail, user, at), [], at);
    }
  } finally {
    await client.logout();
  }
}
