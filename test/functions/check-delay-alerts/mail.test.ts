import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CLAIM_LEASE_MS } from '../../../shared/doors/mail/claims.ts';
import { alertRows, checkDelays, resetAlerts } from '../../support/alerts.ts';
import { type Fault, type SmtpFaults, startSmtpFaults } from '../../support/smtp-faults.ts';
import { DAY_MS, fill, recipient, ticket } from '../../support/tickets.ts';
import { NOW, startWorld, type World } from '../../support/world.ts';

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

const FIVE = ['ada', 'bob', 'cleo', 'dan', 'eve'];
beforeEach(async () => {
  await resetAlerts(world);
  faults.fault = null;
  world.reconfigure({ EMAIL_PORT: String(faults.port) });
  await fill(world, 'tickets', { a: ticket(20), b: ticket(30) });
  await fill(
    world,
    'alert_recipients',
    Object.fromEntries(FIVE.map((name) => [name, recipient(`${name}@example.test`)])),
  );
});

const check = (body?: object, occurrence?: Date) => checkDelays(world, body, occurrence);
const mailed = () => world.smtp.mails().map(({ to }) => to[0]?.split('@')[0] ?? '');
const everybodyOnce = () => expect(mailed().sort()).toEqual(FIVE);
/** Counts the rows by state. */
async function states(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const row of await alertRows(world)) counts[row.get('state')] = (counts[row.get('state')] ?? 0) + 1;
  return counts;
}

describe('many at once', () => {
  it('50 deliveries of one occurrence, a forced run beside them and a retry: one mail per recipient', async () => {
    const deliveries = Array.from({ length: 50 }, (_, index) =>
      index === 25 ? check({ force: true }) : check({}, NOW),
    );
    const outcomes = (await Promise.all(deliveries)).map(({ body }) => body.outcome);
    expect(outcomes.filter((outcome) => outcome === 'succeeded')).toHaveLength(1);
    const retry = await check({}, NOW);
    expect(['deduplicated', 'nothing_to_do']).toContain(retry.body.outcome);
    everybodyOnce();
    expect(await states()).toEqual({ sent: 10 });
  });

  it('20 runs without a lease, of one occurrence and by hand: one mail per recipient', async () => {
    await world.redisEngine.stopEngine();
    try {
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? check({}, NOW) : check())),
      );
    } finally {
      await world.redisEngine.restart();
    }
    everybodyOnce();
    expect(await states()).toEqual({ sent: 10 });
  });
});

describe('a ticket that is closed or moved before its mail goes', () => {
  it.each([
    ['closed', { status: 'closed' }],
    ['moved', { stage: 'parts', stage_entered_at: Timestamp.fromDate(NOW) }],
  ])('is dropped when it is %s', async (_title, change) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    faults.fault = { at: 'rcpt', how: { until: promise } };
    const struck = faults.struck();
    const run = check();
    await struck;
    await world.store.doc('tickets/a').update(change);
    world.clock.advance(5_000);
    faults.fault = null;
    resolve();
    const { body } = await run;
    expect(body).toMatchObject({ outcome: 'succeeded', skipped: { changed_meanwhile: 1 } });
    everybodyOnce();
    // Four digests are under way at a time; the fifth began when the ticket had changed.
    const naming = world.smtp.mails().filter(({ text }) => text.includes('R-20'));
    expect(naming).toHaveLength(4);
    expect(await states()).toEqual({ sent: 9 });
  });
});

describe('a recipient who cannot be reached', () => {
  it('who is refused for good does not affect the others, and gets no mail before the next reminder', async () => {
    world.smtp.refuse('bob@example.test', 550);
    const { status, body } = await check({}, NOW);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      outcome: 'partial',
      message: 'Sent 8 alert(s) about 2 late ticket(s), terminée avec 2 échec(s)',
      alerts: { sent: 8, failed: 2 },
      failed: { refused: 2 },
    });
    expect(await states()).toEqual({ sent: 8, failed: 2 });
    expect((await check()).body).toMatchObject({ outcome: 'nothing_to_do', alerts: { suppressed: 10 } });
    world.smtp.clear();
    world.clock.advance(DAY_MS);
    await check({}, new Date(NOW.getTime() + DAY_MS));
    everybodyOnce();
  });

  it('who is refused for now is retried by Scheduler, and the others get one mail', async () => {
    world.smtp.refuse('bob@example.test', 451);
    const first = await check({}, NOW);
    expect(first.status).toBe(503);
    expect(first.body).toMatchObject({ outcome: 'failed', alerts: { sent: 8 }, failed: { try_later: 2 } });
    expect(await states()).toEqual({ sent: 8 });
    const others = world.smtp.mails().length;
    world.smtp.clear();
    expect((await check({}, NOW)).body).toMatchObject({ outcome: 'succeeded', attempt: 2 });
    expect([others, ...mailed()]).toEqual([4, 'bob']);
  });

  it('who has no address fails alone', async () => {
    await fill(world, 'alert_recipients', { bob: recipient('not an address') });
    const { status, body } = await check();
    expect(status).toBe(200);
    expect(body).toMatchObject({ outcome: 'partial', failed: { invalid_address: 2 }, alerts: { sent: 8 } });
  });
});

describe('a mail server at fault', () => {
  it.each<[string, Fault]>([
    ['refuses our password', { at: 'auth', how: { reply: '535 5.7.8 Username and password not accepted' } }],
    ['has a quota', { at: 'mail', how: { reply: '550 5.4.5 Daily user sending limit exceeded' } }],
    ['closes at its greeting', { at: 'greeting', how: 'close' }],
    ['closes at DATA', { at: 'data', how: 'close' }],
    ['says to come later', { at: 'mail', how: { reply: '421 4.7.0 Try again later' } }],
  ])(
    'that %s leaves nothing claimed, is reported once, and the retry notifies everybody',
    async (_title, fault) => {
      world.reconfigure({
        EMAIL_PORT: String(faults.port),
        EMAIL_HOST_USER: 'ronde',
        EMAIL_HOST_PASSWORD: 'not a real one',
      });
      faults.fault = fault;
      const { status, body } = await check({}, NOW);
      expect(status).toBe(503);
      expect(body).toMatchObject({ success: false, outcome: 'failed', alerts: { sent: 0, failed: 10 } });
      expect(await alertRows(world)).toEqual([]);
      expect(world.logs.filter((line) => line.includes('"alert":"mail_system"'))).toHaveLength(1);
      faults.fault = null;
      expect((await check({}, NOW)).body).toMatchObject({ outcome: 'succeeded', alerts: { sent: 10 } });
      everybodyOnce();
    },
  );

  it('that hangs costs no more than the budget', async () => {
    faults.fault = { at: 'greeting', how: 'hang' };
    const begun = performance.now();
    const { status } = await check({ budget_seconds: 5 }, NOW);
    expect(status).toBe(503);
    // The budget, three seconds for the answer, and some time for a busy machine.
    expect(performance.now() - begun).toBeLessThan(12_000);
    expect(await alertRows(world)).toEqual([]);
  });

  it('that takes a mail without an answer leaves it unknown, with its Message-ID, and gets it only once', async () => {
    for (const name of FIVE.slice(1))
      await world.store.doc(`alert_recipients/${name}`).update({ active: false });
    faults.fault = { at: 'answer', how: 'close' };
    const { status, body } = await check({}, NOW);
    expect(status).toBe(200);
    expect(body).toMatchObject({ outcome: 'partial', failed: { unknown: 2 } });
    const [mail] = world.smtp.mails();
    for (const row of await alertRows(world))
      expect(row.data()).toMatchObject({ state: 'unknown', message_id: mail?.message_id });
    faults.fault = null;
    expect((await check()).body).toMatchObject({ outcome: 'nothing_to_do', skipped: { suppressed: 2 } });
    expect(mailed()).toEqual(['ada']);
  });
});

describe('without mail', () => {
  it('because none is configured: late tickets fail the run, which names the variable to set', async () => {
    world.reconfigure({ EMAIL_HOST: undefined });
    const { status, body } = await check();
    expect(status).toBe(503);
    expect(body.message).toBe(
      'Failed: 2 late ticket(s), and mail is not configured: set EMAIL_HOST and the other EMAIL_* variables',
    );
  });

  it('because it is paused: nothing is claimed or sent', async () => {
    world.reconfigure({ EMAIL_PAUSED: 'true' });
    expect((await check()).body).toMatchObject({ outcome: 'nothing_to_do', skipped: { mail_paused: 10 } });
    expect(await alertRows(world)).toEqual([]);
    expect(mailed()).toEqual([]);
  });
});

describe('a digest of a dead run', () => {
  /** Does a run, then puts its digests back into the state of a dead process. */
  async function die(state: 'claimed' | 'sending', age: number, occurrence: Date): Promise<void> {
    await check({}, occurrence);
    world.smtp.clear();
    const claimed_at = Timestamp.fromMillis(world.clock().getTime() - age);
    const digests = Map.groupBy(await alertRows(world), (row) => row.get('recipient') as string);
    for (const [first, ...rest] of digests.values()) {
      const held = rest.map((row) => ({
        id: row.id,
        ticketId: row.get('ticket_id'),
        ticketNumber: row.get('ticket_number'),
        stage: row.get('stage'),
        since: row.get('stage_entered_at').toMillis(),
        days: row.get('days_in_stage'),
        forced: false,
        sequence: row.get('sequence'),
      }));
      const digest = JSON.stringify({ rows: held, requested_by: 'somebody' });
      await first?.ref.update({ state, claimed_at, sending_at: claimed_at, sent_at: null, digest });
      for (const row of rest) await row.ref.delete();
    }
    await world.store
      .doc(`task_runs/check-delay-alerts@${occurrence.toISOString()}`)
      .update({ outcome: null });
  }

  it('is left alone while its run may still be at work', async () => {
    await die('claimed', CLAIM_LEASE_MS - 1_000, NOW);
    const { status, body } = await check({}, NOW);
    expect(status).toBe(503);
    expect(body).toMatchObject({ outcome: 'failed', failed: { in_flight: 10 } });
    expect(mailed()).toEqual([]);
  });

  it('that died before its mails is sent by the retry or by the next run', async () => {
    await die('claimed', CLAIM_LEASE_MS, NOW);
    const { body } = await check({}, NOW);
    expect(body).toMatchObject({ outcome: 'succeeded', alerts: { sent: 10, failed: 0 } });
    everybodyOnce();
    expect(world.smtp.mails()[0]?.text).toContain('[new]');
    expect(await states()).toEqual({ sent: 10 });
  });

  it('that died in its mails is unknown, and gets no mail before the next reminder', async () => {
    await die('sending', CLAIM_LEASE_MS, NOW);
    const { status, body } = await check({}, NOW);
    expect(status).toBe(200);
    expect(body).toMatchObject({ outcome: 'partial', failed: { unknown: 5 }, skipped: { suppressed: 10 } });
    expect(await states()).toEqual({ unknown: 10 });
    expect(mailed()).toEqual([]);
    world.clock.advance(DAY_MS);
    await check();
    everybodyOnce();
  });

  it('is settled even if no ticket is late any more', async () => {
    await die('claimed', CLAIM_LEASE_MS, NOW);
    for (const id of ['a', 'b']) await world.store.doc(`tickets/${id}`).update({ status: 'closed' });
    expect((await check()).body).toMatchObject({
      outcome: 'nothing_to_do',
      overdue: 0,
      skipped: { released: 5 },
    });
    expect(await alertRows(world)).toEqual([]);
  });
});
