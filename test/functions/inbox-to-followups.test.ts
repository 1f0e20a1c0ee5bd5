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
let admin: string;

beforeAll(async () => {
  world = await startWorld();
  admin = `Bearer ${await world.issuer.userToken('admintest1', { ttlSeconds: 400 * 86_400 })}`;
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
const resume = async () => {
  world.clock.advance(minutes(1));
  expect(
    (await world.post('/api/followups/ada/resume', { body: {}, headers: { Authorization: admin } })).status,
  ).toBe(200);
};
const history = async () =>
  (await world.store.collection('followups/ada/history').get()).docs.map(
    (doc) => `${doc.get('reason')}: ${doc.get('detail') ?? ''}`,
  );

describe.skipIf(absent)('a mail in the mailbox', () => {
  let user: ImapUser;
  let messageId: string;

  /** The organisation has a mailbox and a due follow-up for Ada. */
  beforeEach(async () => {
    const next = imap.users[accounts++];
    if (!next) throw new Error(`all ${imap.users.length} accounts are used; start the server with more`);
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
  const arrives = async (raw: string, folder = 'INBOX', date?: Date) => {
    const mailbox = await openMailbox(imap, user);
    await mailbox.append(raw, { folder, ...(date ? { date } : {}) });
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

  it('from the customer stops the follow-up, with its sender in the history, and no level goes', async () => {
    await sent();
    await arrives(answer());
    expect(await read()).toMatchObject({ status: 'stopped', stop_reason: 'replied', level: 1 });
    expect((await history()).join('\n')).toContain('answered by ada@example.test');
    world.clock.advance(30 * DAY);
    expect((await remind()).body.followups.sent).toBe(0);
  });

  it('from a colleague of the customer stops it, from a colleague of the organisation does not', async () => {
    await sent();
    await arrives(answer({ From: 'billing@ronde.test' }));
    await arrives(answer({ From: user.user, 'Message-ID': '<a2@x.test>' }), 'Sent');
    expect(await read()).toMatchObject({ status: 'open' });
    await arrives(answer({ From: 'boss@example.test', 'Message-ID': '<a3@x.test>' }));
    expect(await read()).toMatchObject({ status: 'stopped', stop_reason: 'replied' });
  });

  it('from a machine postpones it', async () => {
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

  it('that reports an unknown address stops it, one that reports a delay does not', async () => {
    await sent();
    await arrives(report('4.4.1', 'delayed'));
    expect(await read()).toMatchObject({ status: 'open', paused_until: null });
    await arrives(report('5.1.1', 'failed'));
    expect(await read()).toMatchObject({ status: 'stopped', stop_reason: 'hard_bounce' });
    expect((await history()).join('\n')).toContain('ada@example.test: 5.1.1');
  });

  it.each(['INBOX', 'Sent'])('settles an uncertain reminder that the sync finds in %s', async (folder) => {
    world.reconfigure({ EMAIL_PORT: String(faults.port) });
    faults.fault = { at: 'answer', how: 'close' };
    expect((await remind()).body.followups.unknown).toBe(1);
    const send = await world.store.doc('followups/ada/sends/1').get();
    expect(await read()).toMatchObject({ level: 0, parked: { reason: 'unknown_delivery' } });
    await arrives(mail({ From: 'factures@ronde.test', 'Message-ID': send.get('message_id') }), folder);
    expect(await read()).toMatchObject({ level: 1, status: 'open', parked: null });
    expect((await world.store.doc('followups/ada/sends/1').get()).get('state')).toBe('sent');
  });

  it('from the customer is heard once: not again in another folder, not after a person has resumed', async () => {
    await sent();
    const reply = answer();
    await arrives(reply);
    expect(await read()).toMatchObject({ stop_reason: 'replied' });
    await resume();
    await arrives(reply, 'Sent');
    await arrives(answer({ 'Message-ID': '<earlier@example.test>' }), 'INBOX', new Date(NOW.getTime() - DAY));
    expect(await read()).toMatchObject({ status: 'open', stop_reason: null });
    await arrives(answer({ 'Message-ID': '<later@example.test>' }));
    expect(await read()).toMatchObject({ status: 'stopped', stop_reason: 'replied' });
  });

  it('that seems an answer is listed once; a person says whether it is one, and that holds', async () => {
    await sent();
    await arrives(answer());
    const list = async (state: string) => {
      const path = `${world.url}/api/inbox/messages?answers=${state}`;
      const reply = await fetch(path, { headers: { Authorization: admin } });
      const { items } = (await reply.json()) as { items: { id: string; answer: object }[] };
      return items;
    };
    const [listed] = await list('to_read');
    expect(listed).toMatchObject({ answer: { state: 'to_read', kind: 'reply', followup_ids: ['ada'] } });
    const say = (verdict: string) =>
      world.post(`/api/inbox/messages/${listed?.id}/${verdict}`, {
        body: {},
        headers: { Authorization: admin },
      });
    expect((await say('not-answer')).body).toMatchObject({ answer: { state: 'not_answer' } });
    expect(await read()).toMatchObject({ status: 'open', stop_reason: null });
    expect(await list('to_read')).toEqual([]);
    const before = (await history()).length;
    expect((await say('not-answer')).status).toBe(200);
    expect((await history()).length).toBe(before);
    expect((await say('answer')).body).toMatchObject({ answer: { state: 'answer' } });
    expect(await read()).toMatchObject({ status: 'stopped', stop_reason: 'replied' });
    const other = await world.post('/api/inbox/messages/nothing/answer', {
      body: {},
      headers: { Authorization: admin },
    });
    expect(other.status).toBe(404);
  });

  it('that is doubtful postpones it, and a person’s word ends it or lets it go on', async () => {
    await sent();
    await arrives(answer({ 'Return-Path': '<>' }));
    expect((await read())['paused_until'].toMillis()).toBeGreaterThan(NOW.getTime() + 6 * DAY);
    const { docs } = await world.store.collection('inbox_messages').get();
    const say = (verdict: string) =>
      world.post(`/api/inbox/messages/${docs[0]?.id}/${verdict}`, {
        body: {},
        headers: { Authorization: admin },
      });
    await say('not-answer');
    expect(await read()).toMatchObject({ status: 'open', paused_until: null });
    await say('answer');
    expect(await read()).toMatchObject({ status: 'stopped', stop_reason: 'replied' });
  });

  it('that had an effect is named to the owner in one notice a day', async () => {
    await world.store.doc('billing_settings/org-1').update({ notify_email: 'patron@ronde.test' });
    await sent();
    await arrives(answer());
    const notices = () => world.smtp.mails().filter(({ to }) => to[0] === 'patron@ronde.test');
    expect(notices()).toMatchObject([{ subject: 'Une réponse à lire' }]);
    expect(notices()[0]?.text).toContain('ada@example.test : Re: Rappel (ada)');
    await resume();
    await arrives(answer({ 'Message-ID': '<later@example.test>' }));
    expect(notices()).toHaveLength(1);
    world.clock.advance(DAY);
    await syncAll(world);
    await syncAll(world);
    expect(notices()).toHaveLength(2);
  });

  it('that names no reminder costs one search for the sender', async () => {
    await arrives(mail({ 'Message-ID': '<x@x.test>' }));
    const searched = async (raw: string) => {
      const mailbox = await openMailbox(imap, user);
      await mailbox.append(raw);
      await mailbox.close();
      return (await syncAll(world)).body.cost.firestore_reads;
    };
    const own = await searched(mail({ 'Message-ID': '<y@x.test>', From: 'billing@ronde.test' }));
    expect(await searched(mail({ 'Message-ID': '<z@x.test>' }))).toBe(own + 1);
    const named = { 'Message-ID': '<w@x.test>', References: `<${'a'.repeat(43)}@x.test>` };
    expect(await searched(mail(named))).toBeGreaterThan(own + 1);
  });
});
