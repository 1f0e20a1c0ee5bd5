import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../support/followups.ts';
import { type FaultPoint, type SmtpFaults, startSmtpFaults } from '../../support/smtp-faults.ts';
import { minutes, NOW, seed, startWorld, type World } from '../../support/world.ts';

const HOUR = minutes(60);
const DAY = 24 * HOUR;
const PASSWORD = 'a-secret-of-mine';
let world: World;
let faults: SmtpFaults;

beforeAll(async () => {
  world = await startWorld();
  faults = await startSmtpFaults(world.smtp);
});
afterAll(async () => {
  await faults?.stop();
  await world?.stop();
});
beforeEach(async () => {
  world.clock.set(NOW);
  world.smtp.clear();
  world.logs.length = 0;
  faults.fault = null;
  await clearFollowups(world.store);
  await world.redis.flushall();
  await world.store.doc('billing_settings/org-1').set(settingsFields());
  world.reconfigure({
    EMAIL_PORT: String(faults.port),
    EMAIL_HOST_USER: 'ronde',
    EMAIL_HOST_PASSWORD: PASSWORD,
  });
});

const run = (body: object = {}) =>
  world.post('/api/followups/process-automatic', { body, headers: { 'X-Cron-Secret': world.secret } });
const due = (id: string, level = 0): [string, object] => [
  id,
  followupFields({
    customer: { name: id, email: `${id}@example.test` },
    level,
    next_due_at: stamp(NOW.getTime() - HOUR),
    last_sent_at: level === 0 ? null : stamp(NOW.getTime() - 9 * DAY),
  }),
];
const fill = (...documents: [string, object][]) => seed(world.store, 'followups', new Map(documents));
const ada = async () => (await world.store.doc('followups/ada').get()).data() ?? {};
const stateOf = async (level: number) =>
  (await world.store.doc(`followups/ada/sends/${level}`).get()).get('state') as string | undefined;
const claims = async () =>
  (await world.store.collectionGroup('sends').where('org_id', '==', 'org-1').get()).size;
const alerts = () => world.logs.filter((line) => line.includes('"alert":"mail_system"'));

/** The consequences of a fault at any level: the run's answer, the stored state, the next attempt. */
const ENDS = {
  // A fault of the mail system: no mail was claimed, and Cloud Scheduler retries.
  mail_system: { status: 503, outcome: 'failed', state: undefined, parked: null, goesAfter: 0 },
  no_answer: { status: 503, outcome: 'failed', state: undefined, parked: null, goesAfter: 0 },
  // A refusal of this mail alone: it stays due.
  message_refused: { status: 200, outcome: 'partial', state: undefined, parked: null, goesAfter: 0 },
  sender_refused: { status: 200, outcome: 'partial', state: undefined, parked: null, goesAfter: 0 },
  daily_limit: { status: 503, outcome: 'failed', state: undefined, parked: null, goesAfter: HOUR },
  // A refusal of this recipient, for now or for good.
  refused_for_now: { status: 200, outcome: 'partial', state: undefined, parked: null, goesAfter: HOUR },
  address_refused: {
    status: 200,
    outcome: 'partial',
    state: 'failed',
    parked: 'address_refused',
    goesAfter: null,
  },
  // An uncertain mail.
  unknown_delivery: {
    status: 200,
    outcome: 'partial',
    state: 'unknown',
    parked: 'unknown_delivery',
    goesAfter: null,
  },
} as const;

const table: [FaultPoint, string, keyof typeof ENDS][] = [
  ['greeting', '554 5.3.2 No service here', 'mail_system'],
  ['greeting', '421 4.3.2 Service not available', 'mail_system'],
  ['greeting', 'close', 'no_answer'],
  ['ehlo', 'close', 'no_answer'],
  ['auth', '535 5.7.8 Username and Password not accepted', 'mail_system'],
  ['auth', '454 4.7.0 Temporary authentication failure', 'mail_system'],
  ['mail', '550 5.7.1 Sender refused', 'mail_system'],
  ['mail', '550 5.4.5 Daily user sending quota exceeded', 'daily_limit'],
  ['mail', 'close', 'no_answer'],
  ['rcpt', '550 5.1.1 No such user', 'address_refused'],
  ['rcpt', '552 5.2.2 Mailbox full', 'refused_for_now'],
  ['rcpt', '450 4.2.1 Mailbox busy', 'refused_for_now'],
  ['rcpt', '450 4.7.1 Too many messages', 'mail_system'],
  ['rcpt', '550 5.4.5 Daily user sending quota exceeded', 'daily_limit'],
  ['data', '554 5.5.1 No valid recipients', 'message_refused'],
  ['data', '451 4.3.0 Try later', 'mail_system'],
  ['data', 'close', 'no_answer'],
  ['body', 'close', 'unknown_delivery'],
  ['dot', '552 5.2.2 Mailbox full', 'refused_for_now'],
  ['dot', '554 Transaction failed', 'message_refused'],
  ['dot', '452 4.3.1 Insufficient system storage', 'mail_system'],
  ['dot', 'close', 'unknown_delivery'],
  ['answer', 'close', 'unknown_delivery'],
];
const rows = [1, 2, 3].flatMap((level) => table.map((row) => [level, ...row] as const));

describe('a fault of the mail server', () => {
  it.each(rows)('at level %i, step %s, "%s" gives %s', async (level, at, how, reason) => {
    const end = ENDS[reason];
    await fill(due('ada', level - 1));
    const before = await ada();
    faults.fault = { at, how: how === 'close' ? 'close' : { reply: how } };
    const { status, body } = await run();
    expect([status, body.outcome, body.failed]).toEqual([end.status, end.outcome, { [reason]: 1 }]);
    expect(body.followups.unknown).toBe(reason === 'unknown_delivery' ? 1 : 0);
    const after = await ada();
    expect([await stateOf(level), after.parked?.reason ?? null]).toEqual([end.state, end.parked]);
    expect(after.level).toBe(level - 1);
    if (end.goesAfter === 0) expect(after.next_due_at).toEqual(before.next_due_at);

    faults.fault = null;
    const already = world.smtp.mails().length;
    world.clock.advance(end.goesAfter ?? 40 * DAY);
    await run();
    const sent = end.goesAfter === null ? 0 : 1;
    expect([world.smtp.mails().length - already, (await ada()).level]).toEqual([sent, level - 1 + sent]);
  });
});

describe('a wrong password', () => {
  it('leaves 1,000 follow-ups due, raises one alert, and holds up no mail once it is corrected', async () => {
    await fill(...Array.from({ length: 1_000 }, (_, index) => due(`f-${index}`)));
    faults.fault = { at: 'auth', how: { reply: '535 5.7.8 Username and Password not accepted' } };
    const { status, body } = await run();
    expect([status, body.outcome, body.followups.sent]).toEqual([503, 'failed', 0]);
    expect(body.counts.candidates).toBe(1_000);
    expect(body.counts.skipped + body.counts.failed).toBe(1_000);
    expect(Object.keys({ ...body.skipped, ...body.failed }).sort()).toEqual(['mail_stopped', 'mail_system']);
    expect([await claims(), alerts().length]).toEqual([0, 1]);
    expect(world.logs.join('')).not.toContain(PASSWORD);
    const still = world.store.collection('followups').where('next_due_at', '<=', stamp(NOW));
    expect((await still.count().get()).data().count).toBe(1_000);
    faults.fault = null;
    await world.store.doc('billing_settings/org-1').update({ max_per_run: 50 });
    expect((await run()).body).toMatchObject({
      followups: { due: 1_000, sent: 50 },
      skipped: { max_per_run: 950 },
    });
    expect(new Set(world.smtp.mails().map(({ to }) => to[0])).size).toBe(50);
  }, 120_000);
});

describe('a run without a mail server or without time', () => {
  it('fails for a retry and claims nothing if no mail server is configured', async () => {
    await fill(due('ada'));
    world.reconfigure({ EMAIL_HOST: undefined, EMAIL_PORT: undefined });
    const { status, body } = await run();
    expect([status, body.outcome, body.failed]).toEqual([503, 'failed', { mail_not_configured: 1 }]);
    expect(await claims()).toBe(0);
  });

  it('releases the waiting mails and stays incomplete if its budget ends', async () => {
    const gate = Promise.withResolvers<void>();
    await fill(...Array.from({ length: 20 }, (_, index) => due(`f-${String(index).padStart(2, '0')}`)));
    faults.fault = { at: 'greeting', how: { until: gate.promise } };
    const answer = run({ budget_seconds: 60 });
    await vi.waitFor(async () => expect([await claims(), faults.open()]).toEqual([20, 1]), 30_000);
    world.clock.advance(58_000);
    faults.fault = null;
    gate.resolve();
    const { body } = await answer;
    expect(body).toMatchObject({
      outcome: 'partial',
      complete: false,
      followups: { due: 20, sent: 1, failed: 19 },
      failed: { budget: 19 },
      counts: { candidates: 20, acted: 1, skipped: 0, failed: 19 },
    });
    expect(await claims()).toBe(1);
    expect((await run()).body).toMatchObject({ complete: true, followups: { due: 19, sent: 19 } });
    expect(new Set(world.smtp.mails().map(({ to }) => to[0])).size).toBe(20);
  });
});
