import type { DocumentData } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SEEN } from '../../../shared/domains/followups/schedule/plan.ts';
import { CLAIM_LEASE_MS } from '../../../shared/doors/mail/claims.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../support/followups.ts';
import { type SmtpFaults, startSmtpFaults } from '../../support/smtp-faults.ts';
import { dump, minutes, NOW, seed, startWorld, type World } from '../../support/world.ts';

const ROUTE = '/api/followups/process-automatic';
const HOUR = minutes(60);
const DAY = 24 * HOUR;
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
  world.reconfigure({});
  await clearFollowups(world.store);
  await world.redis.flushall();
});

const run = (body: object = {}) => world.post(ROUTE, { body, headers: { 'X-Cron-Secret': world.secret } });
const email = (id: string) => `${id}@example.test`;
/** A follow-up that has been due for an hour. Each one has another customer. */
const due = (id: string, more: DocumentData = {}): [string, DocumentData] => [
  id,
  followupFields({
    source_label: id,
    customer: { name: id, email: email(id), locale: 'fr' },
    next_due_at: stamp(NOW.getTime() - HOUR),
    ...more,
  }),
];
const fill = (...documents: [string, DocumentData][]) => seed(world.store, 'followups', new Map(documents));
const organisation = (more: DocumentData = {}, id = 'org-1') =>
  world.store.doc(`billing_settings/${id}`).set(settingsFields(more));
const read = async (id: string) => (await world.store.doc(`followups/${id}`).get()).data() ?? {};
const history = async (id: string) =>
  (await world.store.collection(`followups/${id}/history`).orderBy('at').get()).docs.map((doc) =>
    doc.get('reason'),
  );
const arrived = () => world.smtp.mails().map(({ to }) => to[0]?.split('@')[0]);
const behindFaults = () => world.reconfigure({ EMAIL_PORT: String(faults.port) });

describe('a run over due follow-ups', () => {
  it('sends the lowest unsent level once, and counts the next one from the real sending', async () => {
    await organisation();
    await fill(due('ada'), due('bob', { level: 1, last_sent_at: stamp(NOW.getTime() - 9 * DAY) }));
    const { status, body } = await run();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      message: 'Traitement des relances automatiques terminé avec succès',
      followups: { due: 2, sent: 2, skipped: 0, failed: 0, unknown: 0 },
      outcome: 'succeeded',
      counts: { candidates: 2, acted: 2, skipped: 0, failed: 0 },
    });
    expect(arrived().sort()).toEqual(['ada', 'bob']);
    const [ada, bob] = [await read('ada'), await read('bob')];
    expect(ada).toMatchObject({ level: 1, last_sent_at: stamp(NOW), status: 'open' });
    // 15 days after 1 February is past, so the gap of five days after this mail holds.
    expect(ada.next_due_at.toDate()).toEqual(new Date(NOW.getTime() + 5 * DAY));
    expect(bob).toMatchObject({ level: 2, last_sent_at: stamp(NOW) });
    const mail = world.smtp.mails().find(({ to }) => to[0] === email('ada'));
    expect((await world.store.doc('followups/ada/sends/1').get()).data()).toMatchObject({
      state: 'sent',
      message_id: mail?.message_id,
      settled_at: stamp(NOW),
      org_id: 'org-1',
    });
    expect(await history('ada')).toEqual(['sent']);
    expect((await run()).body).toMatchObject({ outcome: 'nothing_to_do', followups: { due: 0, sent: 0 } });
  });

  it('marks its mail as automatic and threads it, with the organisation as sender and a one-click opt-out', async () => {
    await organisation({ reply_to: 'compta@ronde.test' });
    await fill(due('ada'));
    await run();
    world.clock.advance(6 * DAY);
    await run();
    const [first, second] = world.smtp.mails();
    expect(first?.from).toBe('Atelier Martin <factures@ronde.test>');
    expect(first?.headers).toMatchObject({
      'auto-submitted': 'auto-generated',
      'x-auto-response-suppress': 'All',
      'reply-to': 'compta@ronde.test',
      'list-unsubscribe': expect.stringMatching(/^<http:\/\/127\.0\.0\.1:\d+\/o\/[\w-]+\.[\w-]{43}>$/),
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
    });
    expect(second?.headers).toMatchObject({
      'in-reply-to': first?.message_id,
      references: first?.message_id,
    });
    expect(second?.subject).toContain('Deuxième rappel');
  });

  it('sends one level per run after a long outage, and the next one only after the gap', async () => {
    await organisation();
    await fill(due('ada', { due_date: stamp('2025-12-01T09:00:00Z') }));
    const sentAt: number[] = [];
    for (let hour = 0; hour < 24 * 14; hour += 1) {
      const before = world.smtp.mails().length;
      await run();
      if (world.smtp.mails().length > before) sentAt.push(hour);
      world.clock.advance(HOUR);
    }
    expect(sentAt).toEqual([0, 5 * 24, 10 * 24]);
    expect(await read('ada')).toMatchObject({ level: 3, next_due_at: null });
  });

  it('reads no follow-up that is not due, parked, switched off or of a switched-off organisation', async () => {
    await organisation();
    await organisation({ auto_followups_enabled: false }, 'org-off');
    // The first run of a day visits every row.
    await run();
    const seen = { seen: SEEN };
    await fill(
      due('ada', seen),
      ...Array.from({ length: 50 }, (_, index) =>
        due(`later-${index}`, { next_due_at: stamp(NOW.getTime() + HOUR), ...seen }),
      ),
      ...['paid', 'accepted', 'cancelled', 'stopped'].map((status) => due(status, { status, ...seen })),
      due('manual', { auto_enabled: false, ...seen }),
      due('off', { org_id: 'org-off', ...seen }),
      due('parked', { next_due_at: null, parked: { reason: 'no_email' }, ...seen }),
    );
    const { body } = await run();
    expect(body.followups).toEqual({ due: 1, sent: 1, skipped: 0, failed: 0, unknown: 0 });
    expect(arrived()).toEqual(['ada']);
    // The settings and the follow-up, each with the empty page that ends its query; the settings again with the send
    // record; two reads of the runtime; the state of the walk, two counts, and a look for faults of settings,
    // one for refusals that no owner knows of, one for customers that hold something, and the mail's own customer; the
    // mail accounts, and the state of the default one.
    expect(body.cost.firestore_reads).toBeLessThanOrEqual(2 + 2 + 2 + 2 + 5 + 2 + 2);
  });

  it('shows in a dry run what the real run does, and writes nothing', async () => {
    await organisation({ max_per_run: 2 });
    await fill(
      due('a', { next_due_at: stamp(NOW.getTime() - 5 * HOUR) }),
      due('b', { next_due_at: stamp(NOW.getTime() - 4 * HOUR), customer: null }),
      due('c', { next_due_at: stamp(NOW.getTime() - 3 * HOUR), paused_until: stamp(NOW.getTime() + DAY) }),
      due('d', { next_due_at: stamp(NOW.getTime() - 2 * HOUR) }),
      due('e'),
    );
    const before = await dump(world.store, world.redis);
    const { body } = await run({ dry_run: true });
    expect(
      body.candidates.map((one: Record<string, string>) => [one.id, one.decision, one.reason]).sort(),
    ).toEqual([
      ['a', 'act', 'due'],
      ['b', 'fail', 'no_email'],
      ['c', 'skip', 'paused'],
      ['d', 'act', 'due'],
      ['e', 'skip', 'max_per_run'],
    ]);
    expect(body).toMatchObject({ dry_run: true, followups: { due: 5, sent: 0, would_send: 2 } });
    expect(await dump(world.store, world.redis)).toBe(before);
    const real = await run();
    const { candidates, acted, skipped, failed } = real.body;
    expect(candidates).toBeUndefined();
    expect({ acted: body.acted, skipped: body.skipped, failed: body.failed }).toEqual({
      acted,
      skipped,
      failed,
    });
    expect(real.body).toMatchObject({
      followups: { due: 5, sent: 2, skipped: 2, failed: 1, unknown: 0 },
      skipped: { paused: 1, max_per_run: 1 },
      failed: { no_email: 1 },
      outcome: 'partial',
    });
    expect(arrived().sort()).toEqual(['a', 'd']);
  });
});

describe('a dry run while mail', () => {
  it.each([
    [
      'is not configured',
      { EMAIL_HOST: undefined, EMAIL_PORT: undefined },
      { failed: { mail_not_configured: 1 } },
    ],
    ['is paused', { EMAIL_PAUSED: 'true' }, { skipped: { mail_paused: 1 } }],
  ])('%s reports it, as the real run does', async (_title, environment, reported) => {
    world.reconfigure(environment);
    await organisation();
    await fill(due('ada'));
    const dry = await run({ dry_run: true });
    expect(dry.body).toMatchObject({ ...reported, followups: { would_send: 0 } });
    expect((await run()).body).toMatchObject(reported);
    expect(arrived()).toEqual([]);
  });
});

describe('a due follow-up that is blocked', () => {
  it.each<[string, DocumentData]>([
    ['no_email', { customer: { name: 'x' } }],
    ['bad_email', { customer: { email: 'x at y' } }],
    ['no_amount', { amount_due: null }],
    ['template_error', { level: 0, org_id: 'org-2' }],
    ['no_start', { due_date: null }],
  ])('by %s fails once, is parked with its reason, and blocks no other', async (reason, fields) => {
    await organisation();
    await organisation({ levels: { invoice: [{ after_days: 7, template: 'nowhere' }] } }, 'org-2');
    await fill(due('bad', { ...fields, next_due_at: stamp(NOW.getTime() - DAY) }), due('good'));
    expect((await run()).body).toMatchObject({
      outcome: 'partial',
      followups: { due: 2, sent: 1, failed: 1 },
      failed: { [reason]: 1 },
    });
    expect(arrived()).toEqual(['good']);
    expect(await read('bad')).toMatchObject({ next_due_at: null, parked: { reason }, level: 0 });
    for (let hour = 0; hour < 5; hour += 1) {
      world.clock.advance(HOUR);
      expect((await run()).body.followups.due).toBe(0);
    }
    expect(await history('bad')).toEqual([reason]);
  });

  it('by another back end’s pause gets its end as due time, and no run reads it until then', async () => {
    await organisation();
    await fill(due('ada', { paused_until: stamp(NOW.getTime() + 2 * DAY) }));
    expect((await run()).body).toMatchObject({
      skipped: { paused: 1 },
      followups: { due: 1, sent: 0, skipped: 1 },
    });
    expect((await read('ada')).next_due_at).toEqual(stamp(NOW.getTime() + 2 * DAY));
    world.clock.advance(2 * DAY - 1);
    expect((await run()).body.followups.due).toBe(0);
    world.clock.advance(1);
    expect((await run()).body.followups.sent).toBe(1);
    expect(await history('ada')).toEqual(['paused', 'sent']);
  });

  it('by quiet hours and a weekend waits for the first open hour', async () => {
    await organisation({ business_days_only: true, quiet_hours: { from: '20:00', to: '08:00' } });
    world.clock.set(new Date('2026-03-06T20:00:00Z'));
    await fill(due('ada'));
    expect((await run()).body.skipped).toEqual({ quiet_hours: 1 });
    expect((await read('ada')).next_due_at.toDate().toISOString()).toBe('2026-03-09T07:00:00.000Z');
    world.clock.set(new Date('2026-03-09T07:00:00Z'));
    expect((await run()).body.followups.sent).toBe(1);
  });

  it('by unusable settings is reported in each run, and blocks no other', async () => {
    await organisation({ time_zone: 'Europe/Atlantis' }, 'org-bad');
    await organisation();
    await fill(due('ada'), due('lost', { org_id: 'org-bad' }));
    const { body } = await run();
    expect(body).toMatchObject({ outcome: 'partial', failed: { bad_settings: 1 }, followups: { sent: 1 } });
    expect(arrived()).toEqual(['ada']);
  });

  it('by max_per_day goes on the next day in the organisation’s time zone', async () => {
    await organisation({ max_per_day: 2, time_zone: 'Pacific/Auckland' });
    await fill(...['a', 'b', 'c'].map((id) => due(id)));
    // It is 23:00 in Auckland.
    expect((await run()).body).toMatchObject({ followups: { sent: 2 }, skipped: { max_per_day: 1 } });
    world.clock.advance(minutes(59));
    expect((await run()).body).toMatchObject({ followups: { sent: 0 }, skipped: { max_per_day: 1 } });
    world.clock.advance(minutes(2));
    expect((await run()).body.followups.sent).toBe(1);
  });
});

describe('an answer of the mail server', () => {
  it.each<[string, string, DocumentData]>([
    ['450 4.2.1 Mailbox busy', 'refused_for_now', { level: 0, refusals: 1 }],
    ['550 5.1.1 No such user', 'address_refused', { level: 0, next_due_at: null }],
  ])('"%s" for one recipient counts as %s, and the other mails go', async (reply, reason, left) => {
    await organisation();
    await fill(due('ada', { next_due_at: stamp(NOW.getTime() - DAY) }), due('bob'), due('cid'));
    world.smtp.refuse(email('ada'), Number(reply.slice(0, 3)), reply.slice(4));
    const { status, body } = await run();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      outcome: 'partial',
      followups: { sent: 2, failed: 1 },
      failed: { [reason]: 1 },
    });
    expect(await read('ada')).toMatchObject(left);
    expect(await history('ada')).toEqual([reason]);
  });

  it('that refuses for now is retried after one, two, four hours, and for five days at most', async () => {
    await organisation();
    await fill(due('ada'));
    world.smtp.refuse(email('ada'), 450);
    const tried: number[] = [];
    for (let hour = 0; hour < 24 * 7; hour += 1) {
      if ((await run()).body.followups.due > 0) tried.push(hour);
      world.clock.advance(HOUR);
    }
    expect(tried).toEqual([0, 1, 3, 7, 15, 31, 55, 79, 103, 127]);
    expect(await read('ada')).toMatchObject({ level: 0, parked: { reason: 'refused_for_days' } });
    expect(await history('ada')).toEqual(['refused_for_now', 'refused_for_days']);
  });

  it('that refuses an address notifies the owner once', async () => {
    await organisation({ notify_email: 'patron@ronde.test' });
    await fill(due('ada'));
    world.smtp.refuse(email('ada'), 550);
    await run();
    await run();
    expect(world.smtp.mails().map(({ to, subject }) => [to[0], subject])).toEqual([
      ['patron@ronde.test', 'Relances impossibles : 1'],
    ]);
  });

  it.each([
    ['auth', '535 5.7.8 Username and Password not accepted'],
    ['mail', '550 5.7.1 Sender refused'],
    ['rcpt', '550 5.4.5 Daily user sending quota exceeded'],
  ] as const)('at %s "%s" fails the run and leaves every follow-up due', async (at, reply) => {
    await organisation();
    await fill(...Array.from({ length: 40 }, (_, index) => due(`f-${index}`)));
    world.reconfigure({
      EMAIL_PORT: String(faults.port),
      EMAIL_HOST_USER: 'ronde',
      EMAIL_HOST_PASSWORD: 'a-secret-of-mine',
    });
    faults.fault = { at, how: { reply } };
    const { status, body } = await run();
    expect(status).toBe(503);
    expect(body).toMatchObject({
      success: false,
      outcome: 'failed',
      followups: { due: 40, sent: 0, unknown: 0 },
    });
    expect(body.counts.candidates).toBe(body.counts.skipped + body.counts.failed);
    expect((await world.store.collectionGroup('sends').where('org_id', '==', 'org-1').get()).size).toBe(0);
    expect(world.logs.join('')).not.toContain('a-secret-of-mine');
    faults.fault = null;
    // A daily limit holds the account for an hour.
    world.clock.advance(HOUR);
    expect((await run()).body.followups.sent).toBe(40);
    expect(new Set(arrived()).size).toBe(40);
  });

  it('that never comes fails the run for a retry, and the retry sends every mail', async () => {
    await organisation();
    await fill(...['a', 'b', 'c', 'd'].map((id) => due(id)));
    behindFaults();
    faults.fault = { at: 'greeting', how: 'close' };
    expect(await run()).toMatchObject({ status: 503, body: { outcome: 'failed', followups: { sent: 0 } } });
    faults.fault = null;
    expect((await run()).body.followups.sent).toBe(4);
    expect(arrived().sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('that is lost makes the mail uncertain: no run repeats it or sends a further level', async () => {
    await organisation();
    await fill(due('ada'));
    behindFaults();
    faults.fault = { at: 'answer', how: 'close' };
    const { body } = await run();
    expect(body).toMatchObject({ outcome: 'partial', followups: { due: 1, sent: 0, failed: 0, unknown: 1 } });
    faults.fault = null;
    for (let day = 0; day < 30; day += 1) {
      world.clock.advance(DAY);
      expect((await run()).body.followups.due).toBe(0);
    }
    expect(arrived()).toEqual(['ada']);
    expect(await read('ada')).toMatchObject({
      level: 0,
      next_due_at: null,
      parked: { reason: 'unknown_delivery' },
    });
  });

  it('is never asked for while EMAIL_PAUSED is set, and no mail is claimed', async () => {
    await organisation();
    await fill(due('ada'), due('bob'));
    world.reconfigure({ EMAIL_PAUSED: '1' });
    expect((await run()).body).toMatchObject({
      followups: { due: 2, sent: 0, skipped: 2 },
      skipped: { mail_paused: 2 },
    });
    expect((await world.store.collectionGroup('sends').where('org_id', '==', 'org-1').get()).size).toBe(0);
    world.reconfigure({ EMAIL_REDIRECT_TO: 'staging@ronde.test' });
    expect((await run()).body.followups.sent).toBe(2);
    expect(world.smtp.mails().map(({ to }) => to[0])).toEqual(['staging@ronde.test', 'staging@ronde.test']);
  });
});

describe('a killed run', () => {
  const claim = (state: string, ageMs: number, more: DocumentData = {}) =>
    world.store.doc('followups/ada/sends/1').set({
      state,
      claim: 'another',
      claimed_at: stamp(NOW.getTime() - ageMs),
      message_id: '<x@ronde.test>',
      org_id: 'org-1',
      ...more,
    });

  it.each<[string, number, string, number]>([
    ['claimed', CLAIM_LEASE_MS - 1, 'in_progress', 0],
    ['sending', CLAIM_LEASE_MS - 1, 'in_progress', 0],
    ['claimed', CLAIM_LEASE_MS, 'sent', 1],
    ['sending', CLAIM_LEASE_MS, 'unknown_delivery', 0],
  ])('that left a claim in "%s" %i ms ago gives %s', async (state, age, reason, mails) => {
    await organisation();
    await fill(due('ada'));
    await claim(state, age);
    const { body } = await run();
    const counted = {
      ...body.skipped,
      ...body.failed,
      ...(body.counts.acted ? { sent: body.counts.acted } : {}),
    };
    expect(counted).toEqual({ [reason]: 1 });
    expect(arrived()).toHaveLength(mails);
    expect(body.followups.unknown).toBe(reason === 'unknown_delivery' ? 1 : 0);
    if (reason === 'unknown_delivery')
      expect((await world.store.doc('followups/ada/sends/1').get()).get('state')).toBe('unknown');
  });

  it('is finished by Scheduler’s retry, even if an earlier retry found the mails in its hands', async () => {
    await organisation();
    await fill(due('ada'));
    await claim('claimed', 31_000);
    const deliver = (headers: Record<string, string>) =>
      world.post(ROUTE, { headers: { 'X-Cron-Secret': world.secret, ...headers } });
    const occurrence = { 'X-CloudScheduler-ScheduleTime': NOW.toISOString() };
    expect(await deliver(occurrence)).toMatchObject({
      status: 503,
      body: { outcome: 'nothing_to_do', complete: false, skipped: { in_progress: 1 } },
    });
    expect(await deliver({})).toMatchObject({ status: 200, body: { complete: false } });
    world.clock.advance(31_000);
    expect(await deliver(occurrence)).toMatchObject({ status: 200, body: { complete: true, attempt: 2 } });
    expect(arrived()).toHaveLength(1);
  });

  it('that sent a level without counting it is repaired: the level counts and is not sent again', async () => {
    await organisation();
    await fill(due('ada'));
    await claim('sent', DAY, { sent_at: stamp(NOW.getTime() - DAY) });
    expect((await run()).body).toMatchObject({ skipped: { already_sent: 1 }, followups: { sent: 0 } });
    expect(await read('ada')).toMatchObject({ level: 1, last_sent_at: stamp(NOW.getTime() - DAY) });
    expect(arrived()).toEqual([]);
  });
});
