import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ImapUser, type LocalImap, startImap } from '../../infra/local/imap/imap.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../support/followups.ts';
import { withoutDovecot } from '../support/inbox/inbox.ts';
import { addIntegration, syncAll } from '../support/inbox/integrations.ts';
import { mail, openMailbox } from '../support/inbox/mailbox.ts';
import { type SmtpFaults, startSmtpFaults } from '../support/smtp-faults.ts';
import { clear, minutes, NOW, seed, startWorld, type World } from '../support/world.ts';

const DAY = minutes(24 * 60);
const absent = withoutDovecot();
let world: World;
let imap: LocalImap;
let faults: SmtpFaults;
let accounts = 0;

beforeAll(async () => {
  world = await startWorld();
  faults = await startSmtpFaults(world.smtp);
  if (absent) return;
  imap = (await startImap({
    prefer: 'real',
    users: Array.from({ length: 20 }, (_, index) => `office${index}@ronde.test`),
  })) as LocalImap;
});
afterAll(async () => {
  await imap?.stop();
  await faults?.stop();
  await world?.stop();
});
beforeEach(async () => {
  world.clock.set(NOW);
  world.smtp.clear();
  world.reconfigure({});
  faults.fault = null;
  await clearFollowups(world.store);
  for (const name of ['inbox_integrations', 'inbox_messages']) await clear(world.store, name);
  await world.redis.flushall();
  await world.store.doc('billing_settings/org-1').set(settingsFields({ reply_to: 'billing@ronde.test' }));
});

const remind = () =>
  world.post('/api/followups/process-automatic', { headers: { 'X-Cron-Secret': world.secret } });
const read = async () => (await world.store.doc('followups/ada').get()).data() ?? {};
const history = async () =>
  (await world.store.collection('followups/ada/history').get()).docs.map(
    (doc) => `${doc.get('reason')}: ${doc.get('detail') ?? ''}`,
  );

describe.skipIf(absent)('mail in the inbox', () => {
  let user: ImapUser;
  let messageId: string;

  /** A reminder has gone to Ada, and the organisation's mailbox is synchronised. */
  beforeEach(async () => {
    const next = imap.users[accounts++];
    if (!next) throw new Error('there are more tests than accounts');
    user = next;
    await addIntegration(world, imap, user, { folders: ['INBOX', 'Sent'] });
    await seed(
      world.store,
      'followups',
      new Map([['ada', followupFields({ next_due_at: stamp(NOW.getTime() - minutes(60)) })]]),
    );
  });
  const sent = async () => {
    expect((await remind()).body.followups.sent).toBe(1);
    messageId = world.smtp.mails()[0]?.message_id ?? '';
    expect((await read())['message_ids']).toEqual([messageId]);
  };
  const arrives = async (raw: string, folder = 'INBOX') => {
    const mailbox = await openMailbox(imap, user);
    await mailbox.append(raw, { folder });
    await mailbox.close();
    const { body } = await syncAll(world);
    expect(body).toMatchObject({ outcome: 'succeeded', messages: { new: 1 } });
  };
  const answer = (headers: Record<string, string> = {}) =>
    mail({
      From: 'Ada <ada@example.test>',
      'Message-ID': '<a1@example.test>',
      'In-Reply-To': messageId,
      References: messageId,
      Subject: 'Re: Rappel',
      ...headers,
    });

  it('stops a follow-up when a person answers, names that person, and sends no further level', async () => {
    await sent();
    await arrives(answer());
    expect(await read()).toMatchObject({ status: 'stopped', stop_reason: 'replied', level: 1 });
    expect((await history()).join('\n')).toContain('answered by ada@example.test');
    world.clock.advance(30 * DAY);
    expect((await remind()).body.followups.sent).toBe(0);
  });

  it('stops it when another person of the customer answers, but not when a colleague does', async () => {
    await sent();
    await arrives(answer({ From: 'billing@ronde.test' }));
    await arrives(answer({ From: user.user, 'Message-ID': '<a2@x.test>' }), 'Sent');
    expect(await read()).toMatchObject({ status: 'open' });
    await arrives(answer({ From: 'boss@example.test', 'Message-ID': '<a3@x.test>' }));
    expect(await read()).toMatchObject({ status: 'stopped', stop_reason: 'replied' });
  });

  it('postpones it when a machine answers', async () => {
    await sent();
    const before = (await read())['next_due_at'];
    await arrives(answer({ 'Auto-Submitted': 'auto-replied' }));
    const after = await read();
    expect(after).toMatchObject({ status: 'open', stop_reason: null });
    expect(after['paused_until'].toMillis()).toBeGreaterThanOrEqual(NOW.getTime() + 3 * DAY - minutes(60));
    expect(after['next_due_at'].toMillis()).toBeGreaterThanOrEqual(before.toMillis());
    expect((await history()).join('\n')).toContain('automatically');
  });

  const report = (status: string, action: string) => {
    const part = (type: string, body: string) => `--r\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
    return mail(
      {
        From: 'MAILER-DAEMON@mx.test',
        'Message-ID': `<b${status}@mx.test>`,
        'Return-Path': '<>',
        'Auto-Submitted': 'auto-replied',
        Subject: 'Undelivered Mail Returned to Sender',
        'Content-Type': 'multipart/report; report-type=delivery-status; boundary=r',
      },
      [
        part('text/plain', 'It could not be delivered.'),
        part(
          'message/delivery-status',
          `Reporting-MTA: dns; mx.test\r\n\r\nFinal-Recipient: rfc822; ada@example.test\r\nAction: ${action}\r\nStatus: ${status}\r\n`,
        ),
        part('text/rfc822-headers', `Message-ID: ${messageId}\r\nSubject: Rappel\r\n`),
        '--r--\r\n',
      ].join(''),
    );
  };

  it('stops it when the address does not exist, and not when the mail is only late', async () => {
    await sent();
    await arrives(report('4.4.1', 'delayed'));
    expect(await read()).toMatchObject({ status: 'open', paused_until: null });
    await arrives(report('5.1.1', 'failed'));
    expect(await read()).toMatchObject({ status: 'stopped', stop_reason: 'hard_bounce' });
    expect((await history()).join('\n')).toContain('ada@example.test: 5.1.1');
  });

  it.each(['INBOX', 'Sent'])('settles an uncertain mail when it is found in %s', async (folder) => {
    world.reconfigure({ EMAIL_PORT: String(faults.port) });
    faults.fault = { at: 'answer', how: 'close' };
    expect((await remind()).body.followups.unknown).toBe(1);
    const send = await world.store.doc('followups/ada/sends/1').get();
    expect(await read()).toMatchObject({ level: 0, parked: { reason: 'unknown_delivery' } });
    await arrives(mail({ From: 'factures@ronde.test', 'Message-ID': send.get('message_id') }), folder);
    expect(await read()).toMatchObject({ level: 1, status: 'open', parked: null });
    expect((await world.store.doc('followups/ada/sends/1').get()).get('state')).toBe('sent');
  });

  it('costs no search for mail that concerns no follow-up', async () => {
    await arrives(mail({ 'Message-ID': '<x@x.test>' }));
    const searched = async (raw: string) => {
      const mailbox = await openMailbox(imap, user);
      await mailbox.append(raw);
      await mailbox.close();
      return (await syncAll(world)).body.cost.firestore_reads;
    };
    const without = await searched(mail({ 'Message-ID': '<y@x.test>' }));
    expect(await searched(mail({ 'Message-ID': '<z@x.test>' }))).toBe(without);
    expect(await searched(mail({ 'Message-ID': `<${'a'.repeat(43)}@x.test>` }))).toBeGreaterThan(without);
  });
});
