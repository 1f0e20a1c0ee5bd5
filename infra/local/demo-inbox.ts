import { type Firestore, Timestamp } from '@google-cloud/firestore';
import { ImapFlow } from 'imapflow';
import { ownerOf } from '../../shared/inbox/integration.ts';
import { seal } from '../../shared/inbox/sealed.ts';
import type { ImapUser, LocalImap } from './imap.ts';

const HOUR_MS = 3_600_000;

interface DemoMail {
  from: string;
  subject: string;
  text: string;
  hoursAgo: number;
  id: string;
  answers?: string;
  headers?: string[];
}

/** What a small workshop gets in a day: questions, answers to them, an out-of-office note, a mail that came back. */
const MAILS: readonly DemoMail[] = [
  {
    id: 'q1',
    hoursAgo: 30,
    from: 'Amélie Roux <amelie@client.test>',
    subject: 'Devis pour un écran',
    text: 'Bonjour,\r\n\r\nCombien coûterait le remplacement de l’écran ?\r\n\r\nAmélie Roux',
  },
  {
    id: 'q2',
    hoursAgo: 26,
    from: 'Bruno Petit <bruno@client.test>',
    subject: 'Is my phone ready?',
    text: 'Hello, may I come by this afternoon?\r\nBruno',
  },
  {
    id: 'a1',
    hoursAgo: 20,
    from: 'Amélie Roux <amelie@client.test>',
    subject: 'Re: Devis pour un écran',
    text: 'C’est d’accord, merci.\r\n\r\n> Bonjour,\r\n> le remplacement coûte 180 €.',
    answers: 'q1',
  },
  {
    id: 'o1',
    hoursAgo: 9,
    from: 'Chiara Leoni <chiara@client.test>',
    subject: 'Automatic reply: Invoice 2031',
    text: 'I am away until Monday.',
    headers: ['Auto-Submitted: auto-replied'],
    answers: 'sent1',
  },
  {
    id: 'b1',
    hoursAgo: 5,
    from: 'Mail Delivery System <mailer-daemon@mail.test>',
    subject: 'Undelivered Mail Returned to Sender',
    text: 'The address gone@client.test does not exist.',
    headers: ['Auto-Submitted: auto-replied', 'Return-Path: <>'],
    answers: 'sent2',
  },
  {
    id: 'q3',
    hoursAgo: 2,
    from: '"Weiß, Jürgen" <juergen@client.test>',
    subject: 'Größe des Akkus',
    text: 'Guten Tag, welche Größe hat der Akku? 🙂',
  },
];

const messageId = (id: string) => `<${id}@demo.ronde.test>`;

function rawMail({ from, subject, text, id, answers, headers = [] }: DemoMail, at: Date): string {
  const words = (value: string) => `=?utf-8?B?${Buffer.from(value).toString('base64')}?=`;
  const [, name = '', address = from] = /^"?(.*?)"?\s*<(.+)>$/.exec(from) ?? [];
  const lines = [
    `From: ${words(name)} <${address}>`,
    'To: office@ronde.test',
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

/** Puts mail into the local mailboxes and has them synchronised. */
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
  return { mailboxes: imap.users.length, mails: imap.users.length * MAILS.length };
}

async function deliver(imap: LocalImap, { user, password }: ImapUser, now: Date): Promise<void> {
  const { host, port } = imap;
  const auth = { user, pass: password };
  const client = new ImapFlow({ host, port, secure: false, doSTARTTLS: false, auth, logger: false });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const mail of MAILS) {
      const at = new Date(now.getTime() - mail.hoursAgo * HOUR_MS);
      await client.append('INBOX', rawMail(mail, at), [], at);
    }
  } finally {
    await client.logout();
  }
}
