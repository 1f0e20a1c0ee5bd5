import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../support/followups.ts';
import { type ScriptedSmtp, type ScriptStep, startScriptedSmtp } from '../../support/scripted-smtp.ts';
import { minutes, NOW, seed, startWorld, type World } from '../../support/world.ts';

const HOUR = minutes(60);
const DAY = 24 * HOUR;
let world: World;
let smtp: ScriptedSmtp;

beforeAll(async () => {
  world = await startWorld();
  smtp = await startScriptedSmtp();
});
afterAll(async () => {
  await smtp?.stop();
  await world?.stop();
});
beforeEach(async () => {
  world.clock.set(NOW);
  world.logs.length = 0;
  Object.assign(smtp, { mails: [], connections: 0, mostOpen: 0, script: () => null });
  await clearFollowups(world.store);
  await world.redis.flushall();
  await organisation('org-1');
  world.reconfigure({
    EMAIL_PORT: String(smtp.port),
    EMAIL_HOST_USER: 'noreply@ronde.test',
    EMAIL_HOST_PASSWORD: 'a-secret-of-mine',
  });
});

const organisation = (id: string, more: object = {}) =>
  world.store.doc(`billing_settings/${id}`).set(
    settingsFields({
      from: `Compta <compta@${id}.ronde.test>`,
      notify_email: `patron@${id}.test`,
      ...more,
    }),
  );
const run = () =>
  world.post('/api/followups/process-automatic', { body: {}, headers: { 'X-Cron-Secret': world.secret } });
const isCustomer = (to: string) => to.startsWith('client');
const reached = () => smtp.mails.filter(({ to }) => isCustomer(to)).map(({ to }) => to);

/** Writes due invoices. Their customers have one domain, or one each. */
async function fill(count: number, org = 'org-1', domains: 'one' | 'many' = 'one'): Promise<void> {
  const one = (index: number): [string, object] => {
    const domain = domains === 'one' ? 'kunde.example' : `kunde-${index}.example`;
    return [
      `${org}-${String(index).padStart(2, '0')}`,
      followupFields({
        org_id: org,
        customer: { name: `Client ${index}`, email: `client-${index}.${org}@${domain}` },
        due_date: stamp(NOW.getTime() - 20 * DAY),
        next_due_at: stamp(NOW.getTime() - HOUR),
      }),
    ];
  };
  await seed(world.store, 'followups', new Map(Array.from({ length: count }, (_, index) => one(index))));
}

/** Says one answer at one step, about customers only. */
function say(at: ScriptStep, answer: string): void {
  smtp.script = (step, { to }) => (step === at && (to === '' || isCustomer(to)) ? answer : null);
}

async function parked(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const doc of (await world.store.collection('followups').get()).docs) {
    const reason = doc.get('parked.reason') as string | undefined;
    if (reason) counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

/** Answers that are no customer's fault: the step, the words, the run's status, and the reason that it counts. */
const OURS: [ScriptStep, string, number, string][] = [
  ['greeting', '421 4.3.2 Service not available', 503, 'mail_system'],
  ['greeting', '421 4.7.0 Too many concurrent SMTP connections from this IP', 503, 'mail_system'],
  ['greeting', '432 4.3.2 Concurrent connections limit exceeded', 503, 'mail_system'],
  ['mail', '432 4.3.2 Concurrent connections limit exceeded', 503, 'mail_system'],
  ['data', '432 4.3.2 Concurrent connections limit exceeded', 503, 'mail_system'],
  ['mail', '452 4.3.1 Insufficient system storage', 503, 'mail_system'],
  ['rcpt', '554 5.7.1 <client@kunde.example>: Relay access denied', 503, 'mail_system'],
  ['rcpt', '454 4.7.1 <client@kunde.example>: Relay access denied', 503, 'mail_system'],
  ['rcpt', '550 5.7.1 Daily sending quota exceeded for this account', 503, 'mail_system'],
  ['rcpt', '450 4.2.1 Peak SMTP relay limit exceeded for customer', 503, 'mail_system'],
  ['rcpt', '451 4.3.0 Temporary lookup failure', 503, 'mail_system'],
  [
    'data',
    '554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException',
    503,
    'mail_system',
  ],
  ['data', '550 5.1.8 Access denied, bad outbound sender AS(42004)', 503, 'mail_system'],
  ['auth', '535 5.7.3 Authentication unsuccessful', 503, 'mail_system'],
  [
    'auth',
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant',
    503,
    'mail_system',
  ],
  ['auth', '550 5.7.30 Basic authentication is not supported for Client Submission', 503, 'mail_system'],
  ['auth', '534 5.7.9 Application-specific password required', 503, 'mail_system'],
  ['data', '550 5.7.60 SMTP; Client does not have permissions to send as this sender', 200, 'sender_refused'],
  [
    'rcpt',
    '553 5.7.1 <compta@ronde.test>: Sender address rejected: not owned by user noreply@ronde.test',
    200,
    'sender_refused',
  ],
  [
    'data',
    '554 5.2.252 SendAsDenied; noreply@ronde.test not allowed to send as compta@ronde.test',
    200,
    'sender_refused',
  ],
  ['data', '554 5.7.1 Message rejected as spam by Content Filtering', 200, 'message_refused'],
  ['rcpt', '550 5.7.1 Rejected', 200, 'message_refused'],
];

describe('twelve due reminders and a server that refuses us', () => {
  it.each(OURS)(
    'at %s with "%s" blame no customer, and all go once it is mended',
    async (at, answer, status, reason) => {
      await fill(12);
      say(at, answer);
      const refused = await run();
      expect(refused.status).toBe(status);
      expect(Object.keys(refused.body.failed)).toEqual([reason]);
      expect([await parked(), reached()]).toEqual([{}, []]);
      smtp.script = () => null;
      expect((await run()).body).toMatchObject({ outcome: 'succeeded', followups: { due: 12, sent: 12 } });
      expect(new Set(reached()).size).toBe(12);
    },
  );

  it.each([
    ['rcpt', '550 No such user'],
    ['rcpt', '550 5.4.1 Recipient address rejected: Access denied'],
    ['rcpt', '550 5.7.1 Rejected'],
    ['rcpt', '450 4.7.1 Recipient address rejected: Greylisted'],
    ['data', '554 Transaction failed'],
  ] as const)(
    'at %s with "%s" for every domain blames the account and takes back what it recorded',
    async (at, answer) => {
      await fill(12, 'org-1', 'many');
      say(at, answer);
      const { status, body } = await run();
      expect([status, body.outcome]).toEqual([503, 'failed']);
      expect(await parked()).toEqual({});
      expect(body.message).toContain('tous les destinataires');
      smtp.script = () => null;
      expect((await run()).body.followups).toMatchObject({ due: 12, sent: 12 });
    },
  );
});

/** Answers about the customer: the step, the words, the reason, and the wait before the next try in hours. */
const THEIRS: [ScriptStep, string, string, number | null][] = [
  [
    'rcpt',
    '550 5.1.1 <client@kunde.example>: Recipient address rejected: User unknown',
    'address_refused',
    null,
  ],
  ['data', '550 5.1.1 User unknown', 'address_refused', null],
  ['rcpt', '550 5.4.1 Recipient address rejected: Access denied', 'address_refused', null],
  ['rcpt', '550 5.2.1 The email account that you tried to reach is disabled', 'address_refused', 7 * 24],
  ['rcpt', '552 5.2.2 Mailbox full', 'refused_for_now', 1],
  ['rcpt', '450 4.7.1 Recipient address rejected: Greylisted', 'refused_for_now', 1],
  ['rcpt', '451 4.2.1 try later', 'refused_for_now', 1],
  [
    'rcpt',
    '450 4.2.1 The user you are trying to contact is receiving mail too quickly',
    'refused_for_now',
    1,
  ],
];

describe('a server that refuses the customer', () => {
  it.each(THEIRS)(
    'at %s with "%s" gives %s, and the next try after %s hours',
    async (at, answer, reason, hours) => {
      await fill(12);
      say(at, answer);
      const { status, body } = await run();
      expect([status, body.failed]).toEqual([200, { [reason]: 12 }]);
      expect(await parked()).toEqual(reason === 'address_refused' ? { address_refused: 12 } : {});
      smtp.script = () => null;
      world.clock.advance((hours ?? 8 * 24) * HOUR - 1);
      expect((await run()).body.followups.due).toBe(0);
      world.clock.advance(1);
      expect((await run()).body.followups).toMatchObject(hours === null ? { due: 0 } : { due: 12, sent: 12 });
    },
  );

  it('of a disabled mailbox for the second time parks it for good', async () => {
    await fill(1);
    say('rcpt', '550 5.2.1 Mailbox disabled');
    await run();
    world.clock.advance(7 * DAY);
    expect((await run()).body.failed).toEqual({ address_refused: 1 });
    world.clock.advance(30 * DAY);
    expect((await run()).body.followups.due).toBe(0);
  });
});

describe('the owner of an organisation', () => {
  const notices = () => smtp.mails.filter(({ to }) => to === 'patron@org-1.test').length;

  it('gets one notice a day for twelve refused addresses, and the later ones the day after', async () => {
    await fill(12);
    say('rcpt', '550 5.1.1 User unknown');
    await run();
    expect(notices()).toBe(1);
    await world.store.doc('followups/org-1-00').update({ parked: null, next_due_at: stamp(NOW.getTime()) });
    await run();
    expect(notices()).toBe(1);
    world.clock.advance(DAY);
    await run();
    await run();
    expect(notices()).toBe(2);
  });

  it('gets one notice a day for a refused sender', async () => {
    await fill(12);
    say('data', '550 5.7.60 SMTP; Client does not have permissions to send as this sender');
    await run();
    await run();
    expect(notices()).toBe(1);
  });
});

describe('many at once', () => {
  const change = async (action: 'requeue' | 'settle', body: object) => {
    const headers = { Authorization: `Bearer ${await world.issuer.userToken('admintest1')}` };
    return await world.post(`/api/followups/${action}`, { body, headers });
  };

  it('are let go again by organisation and reason, and each one that stays says why', async () => {
    await Promise.all([fill(12), fill(2, 'org-2')]);
    say('rcpt', '550 5.1.1 User unknown');
    await organisation('org-2');
    await run();
    smtp.script = () => null;
    const filter = { org_id: 'org-1', reason: 'address_refused' };
    expect((await change('requeue', { filter })).body).toEqual({ changed: 12, unchanged: [], more: false });
    expect((await run()).body.followups).toMatchObject({ due: 12, sent: 12 });
    const ids = ['org-1-00', 'org-2-00', 'nobody'];
    expect((await change('requeue', { ids })).body).toMatchObject({
      changed: 1,
      unchanged: [
        { id: 'org-1-00', reason: 'not_parked' },
        { id: 'nobody', reason: 'not_found' },
      ],
    });
  });

  it('are settled by a filter, with or without a record', async () => {
    await fill(2);
    say('data', 'close');
    await run();
    await world.store.doc('followups/org-1-01/sends/1').delete();
    const settled = await change('settle', { filter: {}, outcome: 'not_sent' });
    expect(settled.body).toEqual({ changed: 2, unchanged: [], more: false });
    smtp.script = () => null;
    expect((await run()).body.followups).toMatchObject({ due: 2, sent: 2 });
    expect((await change('settle', { ids: ['org-1-00'], outcome: 'sent' })).body).toMatchObject({
      changed: 0,
      unchanged: [{ id: 'org-1-00', reason: 'not_uncertain' }],
    });
  });

  it('need ids or a filter, and one of them only', async () => {
    for (const body of [{}, { ids: ['a'], filter: {} }, { ids: [] }])
      expect((await change('requeue', body)).status).toBe(400);
  });
});

describe('one bad sender and one disliked mail', () => {
  it('hold up none of the forty of another organisation', async () => {
    await organisation('org-2');
    await Promise.all([fill(10, 'org-1'), fill(40, 'org-2')]);
    smtp.script = (step, { to, raw }) => {
      if (step !== 'data') return null;
      if (raw.includes('From: Compta <compta@org-1.')) return '550 5.7.60 Client does not have permissions';
      return to.startsWith('client-7.') ? '554 5.7.1 Message rejected as spam' : null;
    };
    const { status, body } = await run();
    expect([status, body.failed]).toEqual([200, { sender_refused: 10, message_refused: 1 }]);
    expect(reached()).toHaveLength(39);
    for (const left of [1, 1]) {
      expect((await run()).body.failed).toEqual({ sender_refused: 10, message_refused: left });
    }
    expect(await parked()).toEqual({ message_refused: 1 });
  });
});

describe('a server that takes three connections at a time', () => {
  it.each(['greeting', 'mail', 'data'] as const)(
    'and says so at %s gets all sixty mails in one run',
    async (at) => {
      await fill(60);
      smtp.script = (step, { open }) =>
        step === at && open > 3 ? '432 4.3.2 Concurrent connections limit exceeded' : null;
      const { status, body } = await run();
      expect([status, body.followups]).toMatchObject([200, { due: 60, sent: 60, failed: 0 }]);
      expect(new Set(reached()).size).toBe(60);
    },
  );
});

describe('a server that loses answers', () => {
  it('gets two mails, one after the other, and fails the run', async () => {
    await fill(20);
    say('data', 'close');
    const { status, body } = await run();
    expect([status, body.outcome, body.followups.unknown]).toEqual([503, 'failed', 2]);
    expect([smtp.connections, smtp.mostOpen]).toEqual([2, 1]);
    expect(await parked()).toEqual({ unknown_delivery: 2 });
    smtp.script = () => null;
    expect((await run()).body.followups).toMatchObject({ due: 18, sent: 18 });
  });
});
