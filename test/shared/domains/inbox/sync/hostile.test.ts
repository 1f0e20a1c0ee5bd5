import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalImap, startImap } from '../../../../../infra/local/imap/imap.ts';
import { everStored, integrationFor, syncOnce, withoutDovecot } from '../../../../support/inbox/inbox.ts';
import { mail } from '../../../../support/inbox/mailbox.ts';
import { openTestStore } from '../../../../support/store.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');
/** A message that cannot be read is set aside in its third sync. */
const SYNCS = 4;
const MOST_CPU_MS = 1_000;

describe.skipIf(withoutDovecot())('a mailbox with a mail of a stranger', () => {
  let imap: LocalImap;
  let store: Firestore;
  beforeAll(async () => {
    store = openTestStore();
    const started = await startImap({ prefer: 'real', users: ['nested', 'turned'] });
    if (!started) throw new Error('Dovecot is not on this machine; install dovecot-imapd.');
    imap = started;
  });
  afterAll(async () => {
    await imap?.stop();
    await store?.terminate();
  });

  /** Delivers mails and synchronises them. Returns the stored ones, and the most CPU time of a sync. */
  async function receive(name: string, mails: readonly string[]) {
    const user = imap.users.find((one) => one.user === name);
    if (!user) throw new Error(`there is no user ${name}`);
    imap.deliver(name, mails, () => NOW);
    const integration = integrationFor(imap, user);
    let longestMs = 0;
    let first = 0;
    for (let sync = 1; sync <= SYNCS; sync += 1) {
      const before = process.cpuUsage();
      await syncOnce(store, integration, { password: user.password, now: NOW });
      const { user: own, system } = process.cpuUsage(before);
      longestMs = Math.max(longestMs, (own + system) / 1_000);
      if (sync === 1) first = (await everStored(store, integration)).length;
    }
    return { stored: await everStored(store, integration), first, longestMs };
  }

  it('that nests everything at once delays no other mail, and takes less than a second', async () => {
    const others = Array.from({ length: 5 }, (_, index) => mail({ 'Message-ID': `<o${index}@x.test>` }));
    const all = [...others.slice(0, 2), nestedMail(), ...others.slice(2)];
    const { stored, first, longestMs } = await receive('nested', all);
    const ids = stored.map((one) => one.message_id);
    for (let index = 0; index < others.length; index += 1) expect(ids).toContain(`<o${index}@x.test>`);
    expect(first).toBeGreaterThanOrEqual(others.length);
    expect(stored).toHaveLength(all.length);
    expect(longestMs).toBeLessThan(MOST_CPU_MS);
  });

  it('stores names, subjects and file names without what turns their direction', async () => {
    const turned = mail(
      {
        From: '"Bank \u202Emoc.elpmaxe@gnillib" <evil@x.test>',
        To: '"\u2066Ada\u2069" <ada@x.test>',
        Subject: 'Invoice \u202Efdp.exe',
        'Content-Type': 'multipart/mixed; boundary=b',
      },
      `--b\r\n\r\nHello.\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''a%E2%80%AEfdp.exe\r\n\r\nx\r\n--b--\r\n`,
    );
    const { stored } = await receive('turned', [turned]);
    expect(stored).toMatchObject([
      {
        from: { name: 'Bank moc.elpmaxe@gnillib', address: 'evil@x.test' },
        to: [{ name: 'Ada' }],
        subject: 'Invoice fdp.exe',
        attachments: [{ filename: 'afdp.exe' }],
      },
    ]);
  });
});

/** A mail with every kind of nesting and repetition that a reader may trip over, each within the others. */
function nestedMail(): string {
  const depth = 60;
  const html = `${'<table><tr><td><blockquote>'.repeat(3_000)}${'<a href="https://u:p@e.test">'.repeat(3_000)}x`;
  const leaf = [
    'Content-Type: multipart/report; boundary=leaf',
    '',
    '--leaf\nContent-Type: message/delivery-status\n',
    'Final-Recipient: rfc822;a@b.test\nAction: failed\n\n'.repeat(8_000),
    '--leaf\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n',
    `${' '.repeat(200_000)}x`,
    '--leaf\nContent-Type: text/html; charset=iso-2022-jp\n',
    html,
    '--leaf\nContent-Type: text/rfc822-headers\n',
    'Message-ID: <a@b.test>\n'.repeat(2_000),
    '--leaf--\n',
  ].join('\n');
  const wrap = (inner: string, level: number): string =>
    level % 2 === 0
      ? `Content-Type: multipart/mixed; boundary=m${level}\n\n--m${level}\n${inner}\n--m${level}--\n`
      : `Content-Type: message/rfc822\n\nSubject: ${'=?utf-8?B?QQ==?= '.repeat(20)}\n${inner}`;
  let body = leaf;
  for (let level = 0; level < depth; level += 1) body = wrap(body, level);
  const header = [
    'From: "a" <a@b.test>',
    `To: ${Array.from({ length: 3_000 }, (_, index) => `"(n" <t${index}@x.test>`).join(',\n ')}`,
    `Subject: ${'=?utf-8?Q?=20?= '.repeat(2_000)}`,
    `References: ${'<r@x.test>\n '.repeat(3_000)}`,
    ...Array.from({ length: 3_000 }, () => `List-Id: (${'('.repeat(20)}`),
  ];
  return `${header.join('\n')}\n${body}`.replaceAll('\n', '\r\n');
}
