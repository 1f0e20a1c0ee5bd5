import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { alertRows, checkDelays, resetAlerts } from '../../support/alerts.ts';
import { DAY_MS, daysAgo, fill, recipient, ticket } from '../../support/tickets.ts';
import { clear, dump, NOW, startWorld, type World } from '../../support/world.ts';

const ROUTE = '/tickets/alerts/check';
const HOUR_MS = 3_600_000;
let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(() => resetAlerts(world));

const check = (body?: object, occurrence?: Date) => checkDelays(world, body, occurrence);
const logs = async () => (await alertRows(world)).map((doc) => doc.data());
const mailsTo = (address: string) => world.smtp.mails().filter(({ to }) => to.includes(address));
const update = (id: string, fields: Record<string, unknown>) =>
  world.store.doc(`tickets/${id}`).update(fields);

describe('the filter of a recipient', () => {
  const late = () =>
    fill(world, 'tickets', {
      bench: ticket(20, { assignee: 'Ada' }),
      parts: ticket(30, { stage: 'parts' }),
      old: ticket(50, { assignee: 'Bob' }),
    });
  const reached = () =>
    Object.fromEntries(
      world.smtp.mails().map(({ to, text }) => [to[0]?.split('@')[0], text.match(/R-\d+/g)]),
    );

  it('restricts a digest by stage, by person, by days and by days after the threshold', async () => {
    await late();
    await fill(world, 'alert_recipients', {
      stage: recipient('stage@example.test', { stages: ['parts'] }),
      person: recipient('person@example.test', { assignee: 'Ada' }),
      days: recipient('days@example.test', { min_days: 30 }),
      escalation: recipient('escalation@example.test', { escalate_after_days: 30 }),
      all: recipient('all@example.test', { stages: [], assignee: null, min_days: null }),
      unreadable: recipient('unreadable@example.test', { stages: 'parts', min_days: 'many' }),
    });
    const { body } = await check();
    expect(body.outcome).toBe('succeeded');
    const every = ['R-50', 'R-30', 'R-20'];
    expect(reached()).toEqual({
      stage: ['R-30'],
      person: ['R-20'],
      days: ['R-50', 'R-30'],
      escalation: ['R-50'],
      all: every,
      unreadable: every,
    });
  });

  it('leaves no ticket to nobody: the run names it, and sends the others', async () => {
    await late();
    await fill(world, 'alert_recipients', { ada: recipient('ada@example.test', { assignee: 'Ada' }) });
    const { status, body } = await check();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      outcome: 'partial',
      counts: { acted: 1, failed: 2 },
    });
    const { candidates } = (await check({ dry_run: true })).body;
    expect(candidates).toContainEqual(
      expect.objectContaining({ id: 'old:nobody', reason: 'no_responsible_recipient' }),
    );
    expect(reached()).toEqual({ ada: ['R-20'] });
  });

  it('waits for its days without a failure', async () => {
    await late();
    await fill(world, 'alert_recipients', { boss: recipient('boss@example.test', { min_days: 60 }) });
    expect((await check()).body).toMatchObject({ outcome: 'nothing_to_do', overdue: 3 });
  });
});

it('a ticket that is snoozed, reopened or in an excluded stage causes no alert; the mail links the others', async () => {
  await fill(world, 'tickets', {
    snoozed: ticket(20, { snoozed_until: daysAgo(-1) }),
    reopened: ticket(60, { reopened_at: daysAgo(1) }),
    parts: ticket(30, { stage: 'parts' }),
    late: ticket(40),
  });
  await fill(world, 'alert_recipients', { ada: recipient('ada@example.test') });
  await world.store.doc('settings/alerts').set({
    stages: { parts: { excluded: true } },
    ticket_url: 'https://shop.example/tickets/{id}',
  });
  expect((await check()).body).toMatchObject({ overdue: 1, alerts: { sent: 1 } });
  expect(mailsTo('ada@example.test')[0]?.text).toContain(
    'R-40 Phone (Ada Lovelace): diagnosis, 40 d [new]\n  https://shop.example/tickets/late',
  );
});

describe('a digest', () => {
  it('goes once to each active recipient in their language, oldest first, with a row for each ticket', async () => {
    await fill(world, 'tickets', {
      a: ticket(20),
      b: ticket(30),
      young: ticket(3),
      closed: ticket(40, { status: 'closed' }),
    });
    await fill(world, 'alert_recipients', {
      ada: recipient(' Ada@Example.test '),
      bob: recipient('bob@example.test', { locale: undefined, name: 'Bob' }),
      gone: recipient('gone@example.test', { active: false }),
      twice: recipient('ada@example.test'),
    });
    const { status, body } = await check();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      message: 'Sent 4 alert(s) about 2 late ticket(s)',
      // Not late, created before or after the cutoff: only tickets old enough to be late are checked.
      checked: 2,
      overdue: 2,
      alerts: { sent: 4, suppressed: 0, failed: 0 },
      dry_run: false,
      force: false,
      outcome: 'succeeded',
      cost: { emails: 2 },
    });
    expect(
      world.smtp
        .mails()
        .map(({ to }) => to[0])
        .sort(),
    ).toEqual(['ada@example.test', 'bob@example.test']);
    const [ada] = mailsTo('ada@example.test');
    expect(ada?.subject).toBe('2 tickets overdue');
    expect(ada?.text.indexOf('R-30')).toBeLessThan(ada?.text.indexOf('R-20') ?? 0);
    expect(mailsTo('bob@example.test')[0]?.subject).toBe('2 dossiers en retard');
    const rows = await logs();
    expect(rows).toHaveLength(4);
    expect(rows.find((row) => row.ticket_id === 'a' && row.recipient === 'ada@example.test')).toMatchObject({
      ticket_number: 'R-20',
      stage: 'diagnosis',
      stage_entered_at: daysAgo(20),
      days_in_stage: 20,
      state: 'sent',
      sent_at: Timestamp.fromDate(NOW),
      forced: false,
      run_id: body.run_id,
      message_id: ada?.message_id,
    });
    expect((await world.store.doc(`task_runs/${body.run_id}`).get()).data()).toMatchObject({
      tally: { checked: 2, overdue: 2 },
      counts: { candidates: 4, acted: 4, skipped: 0, failed: 0 },
    });
  });

  it('uses the stage’s own threshold, or the caller’s for all', async () => {
    await fill(world, 'settings', {
      alerts: { threshold_days: 10, stages: { parts: { threshold_days: 30 } } },
    });
    await fill(world, 'tickets', { a: ticket(12), b: ticket(20, { stage: 'parts' }), c: ticket(8) });
    await fill(world, 'alert_recipients', { ada: recipient('ada@example.test') });
    const overdue = async (body: object) => (await check({ dry_run: true, ...body })).body.overdue;
    expect(await overdue({})).toBe(1);
    expect(await overdue({ threshold_days: 7 })).toBe(3);
    expect(await overdue({ threshold_days: 15 })).toBe(1);
  });

  it('counts from the events, else the creation, if a ticket has no stage_entered_at', async () => {
    const bare = (days: number) => ticket(days, { stage_entered_at: undefined });
    await fill(world, 'tickets', { events: bare(40), creation: bare(20), moved: bare(40) });
    const event = (to: string, days: number) => ({
      type: 'stage_changed',
      from: null,
      to,
      at: daysAgo(days),
    });
    await fill(world, 'tickets/events/events', {
      1: event('diagnosis', 16),
      2: event('parts', 30),
      3: event('diagnosis', 35),
    });
    await fill(world, 'tickets/moved/events', { 1: event('diagnosis', 3), 2: event('diagnosis', 35) });
    await fill(world, 'alert_recipients', { ada: recipient('ada@example.test') });
    await check();
    const days = Object.fromEntries((await logs()).map((row) => [row.ticket_id, row.days_in_stage]));
    expect(days).toEqual({ events: 16, creation: 25 });
    for (const id of ['events', 'moved']) await clear(world.store, `tickets/${id}/events`);
  });

  it('leaves out a ticket of exactly 14 days, and has it a millisecond later', async () => {
    await fill(world, 'tickets', { a: ticket(14) });
    await fill(world, 'alert_recipients', { ada: recipient('ada@example.test') });
    expect((await check()).body).toMatchObject({ outcome: 'nothing_to_do', overdue: 0, checked: 1 });
    world.clock.advance(1);
    expect((await check()).body).toMatchObject({ outcome: 'succeeded', overdue: 1 });
  });

  it('is not sent if nothing is late, with or without force', async () => {
    await fill(world, 'tickets', { a: ticket(3) });
    await fill(world, 'alert_recipients', { ada: recipient('ada@example.test') });
    for (const force of [false, true])
      expect((await check({ force })).body).toMatchObject({ outcome: 'nothing_to_do', alerts: { sent: 0 } });
    expect(world.smtp.mails()).toEqual([]);
    expect(await logs()).toEqual([]);
  });

  it('fails the run if tickets are late and there is no active recipient', async () => {
    await fill(world, 'tickets', { a: ticket(20) });
    await fill(world, 'alert_recipients', { ada: recipient('ada@example.test', { active: false }) });
    for (const dry_run of [true, false]) {
      const { status, body } = await check({ dry_run });
      expect(status).toBe(503);
      expect(body).toMatchObject({
        success: false,
        outcome: 'failed',
        overdue: 1,
        failed: { no_active_recipient: 1 },
        message:
          'Failed: 1 late ticket(s), and there is no active recipient: choose recipients on /tickets/alerts/config/',
      });
    }
  });

  it('is one mail, capped, however many tickets are late', async () => {
    const many = Array.from({ length: 60 }, (_, index) => [`t${index}`, ticket(20 + index)]);
    await fill(world, 'tickets', Object.fromEntries(many));
    await fill(world, 'alert_recipients', { ada: recipient('ada@example.test') });
    expect((await check()).body.alerts.sent).toBe(60);
    expect(world.smtp.mails()).toHaveLength(1);
    expect(world.smtp.mails()[0]?.text).toContain('and 10 more');
  });
});

describe('how often', () => {
  const seven = (day: number, hour = 7) => new Date(Date.UTC(2026, 2, 5 + day, hour));
  const at = async (occurrence: Date, delayMs = 0, body: object = {}) => {
    world.clock.set(new Date(occurrence.getTime() + delayMs));
    return await check(body, occurrence);
  };
  beforeEach(async () => {
    await fill(world, 'tickets', { a: ticket(20) });
    await fill(world, 'alert_recipients', { ada: recipient('ada@example.test') });
  });
  const jitter = (day: number) => ((day * 7_919) % 600) * 1_000;

  it('daily with up to ten minutes of jitter: 60 digests in 60 days', async () => {
    for (let day = 0; day < 60; day += 1) {
      const { body } = await at(seven(day), jitter(day));
      expect([day, body.outcome]).toEqual([day, 'succeeded']);
    }
    expect(world.smtp.mails()).toHaveLength(60);
    expect(world.smtp.mails()[0]?.text).toContain('[new]');
    expect(world.smtp.mails()[1]?.text).not.toContain('[new]');
    expect(new Set(world.smtp.mails().map((mail) => mail.message_id)).size).toBe(60);
  });

  it('daily from a crontab without occurrences: 60 digests as well', async () => {
    for (let day = 0; day < 20; day += 1) {
      world.clock.set(new Date(seven(day).getTime() + jitter(day)));
      expect([day, (await check()).body.outcome]).toEqual([day, 'succeeded']);
    }
    expect(world.smtp.mails()).toHaveLength(20);
  });

  it('at 7 and at 14: one reminder per ticket and day', async () => {
    for (let day = 0; day < 10; day += 1) {
      await at(seven(day), jitter(day));
      const { body } = await at(seven(day, 14), jitter(day + 1));
      expect(body).toMatchObject({ outcome: 'nothing_to_do', alerts: { sent: 0, suppressed: 1 } });
    }
    expect(world.smtp.mails()).toHaveLength(10);
  });

  it('on Mondays: one a week', async () => {
    for (let week = 0; week < 8; week += 1) await at(seven(week * 7), jitter(week));
    expect(world.smtp.mails()).toHaveLength(8);
  });

  it('a stage left and entered again within a day alerts again, as new', async () => {
    await at(seven(0));
    const entered = (hours: number) =>
      Timestamp.fromMillis(seven(0).getTime() - 15 * DAY_MS + hours * HOUR_MS);
    await update('a', { stage: 'parts', stage_entered_at: entered(1) });
    await update('a', { stage: 'diagnosis', stage_entered_at: entered(2) });
    await at(seven(0, 14));
    expect(world.smtp.mails()).toHaveLength(2);
    expect(world.smtp.mails()[1]?.text).toContain('[new]');
  });

  it('once after an outage of 18 days', async () => {
    await at(seven(0));
    world.smtp.clear();
    await fill(world, 'tickets', { b: ticket(10), c: ticket(3) });
    await at(seven(19));
    expect(world.smtp.mails()).toHaveLength(1);
    expect(world.smtp.mails()[0]?.subject).toBe('3 tickets overdue');
  });

  it('a closed ticket gets no alert any more, and leaves the recipient’s state', async () => {
    await at(seven(0));
    await update('a', { status: 'closed' });
    await fill(world, 'tickets', { b: ticket(20) });
    await at(seven(2));
    const [state] = (await world.store.collection('delay_alert_states').get()).docs;
    expect(Object.keys(state?.get('alerts'))).toEqual(['b']);
  });

  it('forced: at once, names the caller, and does not move the next reminder', async () => {
    await at(seven(0));
    world.clock.set(seven(0, 15));
    const forced = await world.post(ROUTE, {
      body: { force: true },
      headers: { Authorization: `Bearer ${await world.issuer.userToken('admintest1')}` },
    });
    expect(forced.body).toMatchObject({ force: true, alerts: { sent: 1 } });
    expect((await logs()).filter((row) => row.forced)).toMatchObject([
      { requested_by: 'admintest1', run_id: forced.body.run_id, state: 'sent' },
    ]);
    expect((await at(seven(1))).body.alerts).toMatchObject({ sent: 1 });
    expect(world.smtp.mails()).toHaveLength(3);
  });
});

describe('a dry run', () => {
  it('lists per ticket and recipient what would be sent, or until when it is suppressed, and writes nothing', async () => {
    await fill(world, 'tickets', { a: ticket(20) });
    await fill(world, 'alert_recipients', { ada: recipient('ada@example.test') });
    await check();
    await fill(world, 'tickets', { b: ticket(30) });
    world.clock.advance(HOUR_MS);
    const before = await dump(world.store, world.redis);
    const { body } = await check({ dry_run: true });
    expect(body).toMatchObject({
      dry_run: true,
      message: 'Would send 1 alert(s) about 2 late ticket(s)',
      alerts: { sent: 0, would_send: 1, suppressed: 1, failed: 0 },
      candidates: [
        { id: 'b:ada', decision: 'act', reason: 'new', ticket_number: 'R-30', recipient: 'ada@example.test' },
        {
          id: 'a:ada',
          decision: 'skip',
          reason: 'suppressed',
          until: new Date(NOW.getTime() + 24 * HOUR_MS).toISOString(),
          stage: 'diagnosis',
          days_in_stage: 20,
        },
      ],
    });
    expect(await dump(world.store, world.redis)).toBe(before);
    expect(world.smtp.mails()).toHaveLength(1);
  });
});

describe('parameters', () => {
  it.each([[{ threshold_days: 0 }], [{ threshold_days: 366 }], [{ force: 'perhaps' }], [{ days: 3 }]])(
    '%j is 400',
    async (body) => {
      expect((await check(body)).status).toBe(400);
    },
  );

  it('invalid settings fail the run', async () => {
    await fill(world, 'settings', { alerts: { threshold_days: 'soon' } });
    const { status } = await check();
    expect(status).toBe(503);
    expect(world.logs.join('')).toContain('settings/alerts: threshold_days must be a whole number');
  });
});
