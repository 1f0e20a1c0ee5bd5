import type { DocumentData } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { OrganisationMail } from '../../../functions/organisation-mail.ts';
import { judgeAgain, readFacts } from '../../../functions/process-followups/facts.ts';
import { actOn, planOf } from '../../../functions/process-followups/step.ts';
import { customerRef } from '../../../shared/domains/followups/customers/customer.ts';
import { toFollowup } from '../../../shared/domains/followups/followup.ts';
import { judgeAutomatic } from '../../../shared/domains/followups/judge.ts';
import { REASONS, type Reason } from '../../../shared/domains/followups/reasons.ts';
import { Refusals } from '../../../shared/domains/followups/refusals/refusals.ts';
import { toSettings } from '../../../shared/domains/followups/settings.ts';
import { openCounted } from '../../../shared/doors/engines.ts';
import type { RunContext } from '../../../shared/runtime/task.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../support/followups.ts';
import { type SmtpFaults, startSmtpFaults } from '../../support/smtp-faults.ts';
import { minutes, NOW, startWorld, type World } from '../../support/world.ts';

const DAY = minutes(24 * 60);
const OLD = stamp(NOW.getTime() - 2 * DAY);
const LATER = stamp(NOW.getTime() + DAY);
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
  faults.fault = null;
  world.reconfigure({ EMAIL_PORT: String(faults.port) });
  await clearFollowups(world.store);
  await world.redis.flushall();
});

const run = async (body: object = {}) => {
  const headers = { 'X-Cron-Secret': world.secret };
  const { body: answer } = await world.post('/api/followups/process-automatic', { body, headers });
  const { candidates, acted, skipped, failed } = answer.counts;
  // The counts of each run add up, in sum and by reason.
  expect(acted + skipped + failed).toBe(candidates);
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, one) => all + one, 0);
  expect([sum(answer.skipped), sum(answer.failed)]).toEqual([skipped, failed]);
  const { due, sent, skipped: left, failed: broken, unknown } = answer.followups;
  expect(sent + left + broken + unknown).toBe(due);
  return answer;
};
const put = (id: string, more: DocumentData = {}) =>
  world.store.doc(`followups/${id}`).set(followupFields({ customer: customer(id), ...more }));
const customer = (id: string) => ({ name: id, email: `${id}@example.test` });
const settle = (more: DocumentData = {}) =>
  world.store.doc('billing_settings/org-1').set(settingsFields(more));
const record = (state: string, more: DocumentData = {}, id = 'ada') =>
  world.store
    .doc(`followups/${id}/sends/1`)
    .set({ state, claimed_at: stamp(NOW), org_id: 'org-1', message_id: '<x@ronde.test>', ...more });

/** Reads the reasons that `ronde followups explain` shows: the present one, the last run's, and the history's. */
async function readReasons(id = 'ada') {
  const admin = await world.issuer.userToken('admintest1');
  const headers = { Authorization: `Bearer ${admin}` };
  const get = async (path: string) =>
    (await (await fetch(`${world.url}/api/followups/${id}/${path}`, { headers })).json()) as DocumentData;
  const { reason, message, last_run } = await get('explain');
  expect(Object.keys(REASONS)).toContain(reason);
  expect(message).toEqual(REASONS[reason as Reason]);
  const { items } = await get('history');
  return {
    now: reason as string,
    run: (last_run?.reasons ?? []).map((one: DocumentData) => one.reason) as string[],
    history: items.map((item: DocumentData) => item.reason) as string[],
  };
}

/** A follow-up with these documents has this reason, both in its explanation and in a run. */
const holds =
  (reason: Reason, fields: DocumentData = {}, more: DocumentData = {}, at = NOW) =>
  async () => {
    world.clock.set(at);
    await settle(more);
    await put('ada', fields);
    expect((await readReasons()).now).toBe(reason);
    // A run finds no other reason.
    const { skipped, failed, followups } = await run();
    if (followups.due > 0 && reason !== 'due') expect({ ...skipped, ...failed }).toEqual({ [reason]: 1 });
  };

/** A run leaves follow-ups for this reason, and their explanation repeats it. */
const leaves =
  (reason: Reason, prepare: () => Promise<unknown>, body: object = {}, where: 'run' | 'now' = 'run') =>
  async () => {
    await settle();
    await Promise.all(Array.from({ length: 30 }, (_, index) => put(`f-${String(index).padStart(2, '0')}`)));
    await prepare();
    const { skipped, failed } = await run(body);
    expect(Object.keys({ ...skipped, ...failed })).toContain(reason);
    const { docs } = await world.store.collection('followups').where('level', '==', 0).get();
    world.reconfigure({ EMAIL_PORT: String(faults.port) });
    expect((await readReasons(docs[0]?.id))[where]).toContain(reason);
  };

/** A run leaves follow-ups because of their mail account, which the explanation sees by itself. */
const waits = (reason: Reason, prepare: () => Promise<unknown>) => leaves(reason, prepare, {}, 'now');

/** A customer's document keeps a run from sending. */
const customerHolds = (reason: Reason, fields: DocumentData) => async () => {
  await settle();
  await put('ada', { next_due_at: OLD });
  const { email } = customer('ada');
  await customerRef(world.store, 'org-1', email).set({ org_id: 'org-1', email, holds: true, ...fields });
  expect((await readReasons()).now).toBe(reason);
  expect((await run()).skipped).toEqual({ [reason]: 1 });
  const after = await readReasons();
  expect([after.now, after.history]).toEqual([reason, [reason]]);
};

/** A run parks a follow-up with these documents for this reason. */
const parks =
  (reason: Reason, fields: DocumentData, more: DocumentData = {}) =>
  async () => {
    await settle(more);
    await put('ada', { ...fields, next_due_at: OLD });
    expect((await readReasons()).now).toBe(reason);
    expect((await run()).failed).toEqual({ [reason]: 1 });
    const after = await readReasons();
    expect([after.now, after.history]).toEqual([reason, [reason]]);
  };

const scenarios: Record<Reason, () => Promise<unknown>> = {
  due: holds('due'),
  sent: async () => {
    await settle();
    await put('ada');
    await run();
    expect((await readReasons()).history).toEqual(['sent']);
  },
  already_sent: async () => {
    await settle();
    await put('ada');
    await record('sent', { sent_at: stamp(NOW.getTime() - DAY) });
    expect((await readReasons()).now).toBe('already_sent');
    expect((await run()).skipped).toEqual({ already_sent: 1 });
  },
  not_due: holds('not_due', { next_due_at: LATER }),
  not_scheduled: holds('not_scheduled', { next_due_at: null }),
  before_due_date: holds('before_due_date', { due_date: LATER, next_due_at: OLD }),
  min_gap: holds('min_gap', { level: 1, last_sent_at: OLD }),
  rescheduled: holds('rescheduled', { scheduled_by: 'older', due_date: OLD, next_due_at: OLD }),
  paused: holds('paused', { paused_until: LATER }),
  customer_promised: customerHolds('customer_promised', {
    promised_on: '2026-03-12',
    pause_reason: 'promise',
  }),
  customer_disputes: customerHolds('customer_disputes', { paused_until: LATER, pause_reason: 'dispute' }),
  customer_paused: customerHolds('customer_paused', { paused_until: LATER }),
  customer_excluded: customerHolds('customer_excluded', { excluded: true }),
  quiet_hours: holds('quiet_hours', {}, { quiet_hours: { from: '10:30', to: '12:00' } }),
  weekend: holds('weekend', {}, { business_days_only: true }, new Date('2026-03-07T10:00:00Z')),
  public_holiday: holds('public_holiday', {}, { business_days_only: true }, new Date('2026-05-01T10:00:00Z')),
  held: holds('held', {}, { held_due_before: stamp('2026-02-10T00:00:00Z') }),
  max_per_run: leaves('max_per_run', () => settle({ max_per_run: 1 })),
  max_per_day: async () => {
    await settle({ max_per_day: 1 });
    await put('bob', { status: 'paid' });
    await record('sent', {}, 'bob');
    await put('ada');
    expect((await readReasons()).now).toBe('max_per_day');
    expect((await run()).skipped).toEqual({ max_per_day: 1 });
  },
  in_progress: async () => {
    await settle();
    await put('ada');
    await record('sending');
    expect((await readReasons()).now).toBe('in_progress');
    expect((await run()).skipped).toEqual({ in_progress: 1 });
  },
  changed_meanwhile: async () => {
    await settle();
    await put('ada');
    const result = await changeBeforeClaim();
    expect(result).toEqual({ outcome: 'skipped', reason: 'changed_meanwhile', isUnfinished: true });
    expect(world.smtp.mails()).toEqual([]);
    await world.store.doc('task_runs/one').set({
      task: 'process-followups',
      started_at: stamp(NOW),
      outcome: 'nothing_to_do',
      skipped: { changed_meanwhile: 1 },
    });
    expect((await readReasons()).run).toEqual(['changed_meanwhile']);
  },
  refused_for_now: async () => {
    await settle();
    await put('ada');
    world.smtp.refuse('ada@example.test', 450);
    expect((await run()).failed).toEqual({ refused_for_now: 1 });
    expect((await readReasons()).history).toEqual(['refused_for_now']);
  },
  message_refused: async () => {
    await settle();
    await put('ada');
    faults.fault = { at: 'dot', how: { reply: '554 5.7.1 Message rejected as spam by Content Filtering' } };
    for (const history of [['message_refused'], ['message_refused'], ['message_refused']]) {
      expect((await run()).failed).toEqual({ message_refused: 1 });
      expect((await readReasons()).history).toEqual(history);
    }
    expect((await readReasons()).now).toBe('message_refused');
    expect((await run()).followups.due).toBe(0);
  },
  sender_refused: leaves('sender_refused', async () => {
    faults.fault = { at: 'dot', how: { reply: '550 5.7.60 Client does not have permissions to send as' } };
  }),
  daily_limit: waits('daily_limit', async () => {
    faults.fault = { at: 'dot', how: { reply: '550 5.4.5 Daily user sending limit exceeded' } };
  }),
  account_waits: waits('account_waits', async () => {
    const health = { status: 'retrying', failures: 1, next_attempt_at: LATER };
    const login = { auth: { method: 'password', user: 'a@ronde.test' }, host: '127.0.0.1' };
    await world.store.doc('mail_accounts/a').set({ org_id: 'org-1', ...login, health });
  }),
  account_missing: waits('account_missing', async () => {
    await settle({ mail_account: 'gone' });
  }),
  no_answer: leaves('no_answer', async () => {
    faults.fault = { at: 'greeting', how: 'close' };
  }),
  mail_system: leaves('mail_system', wrongPassword),
  mail_stopped: leaves('mail_stopped', wrongPassword),
  mail_paused: async () => {
    await settle();
    await put('ada');
    world.reconfigure({ EMAIL_PAUSED: '1' });
    expect((await readReasons()).now).toBe('mail_paused');
    expect((await run()).skipped).toEqual({ mail_paused: 1 });
  },
  mail_not_configured: async () => {
    await settle();
    await put('ada');
    world.reconfigure({ EMAIL_HOST: undefined, EMAIL_PORT: undefined });
    expect((await readReasons()).now).toBe('mail_not_configured');
    expect((await run()).failed).toEqual({ mail_not_configured: 1 });
  },
  budget: leaves('budget', budgetEnds, { budget_seconds: 60 }),
  organisation_off: holds('organisation_off', {}, { auto_followups_enabled: false }),
  auto_disabled: holds('auto_disabled', { auto_enabled: false }),
  paid: holds('paid', { status: 'paid' }),
  accepted: holds('accepted', { status: 'accepted' }),
  cancelled: holds('cancelled', { status: 'cancelled' }),
  stopped: holds('stopped', { status: 'stopped', stop_reason: 'stopped' }),
  replied: holds('replied', { status: 'stopped', stop_reason: 'replied' }),
  opted_out: holds('opted_out', { status: 'stopped', stop_reason: 'opted_out' }),
  hard_bounce: holds('hard_bounce', { status: 'stopped', stop_reason: 'hard_bounce' }),
  all_levels_sent: holds('all_levels_sent', { level: 3 }),
  expired: holds('expired', { type: 'quote', sent_at: OLD, valid_until: '2026-02-28' }),
  no_start: parks('no_start', { due_date: null }),
  no_email: parks('no_email', { customer: { name: 'Ada' } }),
  bad_email: parks('bad_email', { customer: { email: 'ada at example' } }),
  bad_locale: async () => {
    await settle();
    // An earlier version parked follow-ups in a language without texts; the next run sends them.
    await put('ada', { parked: { reason: 'bad_locale' }, next_due_at: null });
    expect((await readReasons()).now).toBe('bad_locale');
    expect((await run()).followups.sent).toBe(1);
  },
  no_amount: parks('no_amount', { amount_due: null }),
  nothing_due: holds('nothing_due', { amount_due: 0 }),
  below_minimum: holds('below_minimum', { amount_due: 4.99 }, { min_amount: { EUR: 5 } }),
  bad_row: parks('bad_row', { type: 'credit_note' }),
  template_error: parks('template_error', {}, { levels: { invoice: [{ after_days: 7, template: 'gone' }] } }),
  address_refused: async () => {
    await settle();
    await put('ada');
    world.smtp.refuse('ada@example.test', 550);
    expect((await run()).failed).toEqual({ address_refused: 1 });
    expect(await readReasons()).toMatchObject({ now: 'address_refused', history: ['address_refused'] });
  },
  refused_for_days: async () => {
    await settle();
    await put('ada', { refused_since: stamp(NOW.getTime() - 6 * DAY), refusals: 9 });
    world.smtp.refuse('ada@example.test', 552);
    expect((await run()).failed).toEqual({ refused_for_days: 1 });
    expect(await readReasons()).toMatchObject({ now: 'refused_for_days', history: ['refused_for_days'] });
  },
  unknown_delivery: async () => {
    await settle();
    await put('ada');
    await record('sending', { claimed_at: OLD });
    expect((await readReasons()).now).toBe('unknown_delivery');
    expect((await run()).followups.unknown).toBe(1);
    expect(await readReasons()).toMatchObject({ now: 'unknown_delivery', history: ['unknown_delivery'] });
  },
  bad_settings: async () => {
    await settle({ time_zone: 'Europe/Atlantis' });
    await put('ada');
    expect((await readReasons()).now).toBe('bad_settings');
    expect((await run()).failed).toEqual({ bad_settings: 1 });
  },
};

async function wrongPassword(): Promise<void> {
  world.reconfigure({
    EMAIL_PORT: String(faults.port),
    EMAIL_HOST_USER: 'ronde',
    EMAIL_HOST_PASSWORD: 'a-secret-of-mine',
  });
  faults.fault = { at: 'auth', how: { reply: '535 5.7.8 Username and Password not accepted' } };
}

/** Keeps the mail server silent until the first mail has a connection, then ends the budget. */
async function budgetEnds(): Promise<void> {
  const gate = Promise.withResolvers<void>();
  faults.fault = { at: 'greeting', how: { until: gate.promise } };
  void vi
    .waitFor(() => expect(faults.open()).toBe(1), 30_000)
    .finally(() => {
      world.clock.advance(58_000);
      faults.fault = null;
      gate.resolve();
    });
}

/** Changes a follow-up after a run's last read and before its claim. */
async function changeBeforeClaim() {
  const { store, deps } = world;
  const post = openCounted(deps).post;
  const context = { ...deps, store, now: NOW, post, runId: 'a-run' } as unknown as RunContext;
  const followup = toFollowup(await store.doc('followups/ada').get());
  const settings = toSettings(await store.doc('billing_settings/org-1').get());
  const verdict = judgeAutomatic(followup, settings, NOW.getTime());
  const candidate = { id: 'ada', followup, settings, verdict };
  const mail = post ? await OrganisationMail.open({ ...deps, store, now: NOW, post }) : null;
  const facts = await readFacts([candidate], mail, context);
  await store.doc('followups/ada').update({ amount_due: 12 });
  const plan = planOf(candidate, facts, judgeAgain(candidate, facts, NOW));
  return await actOn({ candidate, plan }, new Refusals(), context);
}

describe('the explanation of a follow-up gives the reason', () => {
  it.each(Object.entries(scenarios))('%s', async (_reason, scenario) => {
    await scenario();
  });
});
