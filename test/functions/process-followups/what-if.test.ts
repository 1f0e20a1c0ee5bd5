import fc from 'fast-check';
import { expect, it } from 'vitest';
import { carryOut, toConsequences } from '../../../functions/console/api/followups/consequences.ts';
import type { DueFollowup } from '../../../functions/process-followups/facts.ts';
import { processFollowups } from '../../../functions/process-followups/task.ts';
import {
  type Followup,
  sendRef,
  settingsRef,
  toFollowup,
} from '../../../shared/domains/followups/followup.ts';
import { openFollowups } from '../../../shared/domains/followups/schedule/walk.ts';
import { sentFields } from '../../../shared/domains/followups/send.ts';
import { toSettings } from '../../../shared/domains/followups/settings.ts';
import { type WhatIf, WhatIfWorld } from '../../../shared/domains/followups/what-if/what-if.ts';
import { noUsage } from '../../../shared/doors/cost.ts';
import { countedStore } from '../../../shared/doors/store/counted.ts';
import { startOfDay } from '../../../shared/doors/time/zoned.ts';
import type { RunContext } from '../../../shared/runtime/task.ts';
import { ModelStore } from '../../protocols/model/store.ts';
import { followupFields, settingsFields, stamp } from '../../support/followups.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WORLDS = 1_000;
/** An ordinary day, both changes of the clock, and a 29 February, at the hours around them. */
const INSTANTS = [
  '2026-06-10T10:00:00Z',
  '2026-03-29T01:00:00Z',
  '2026-10-25T00:30:00Z',
  '2026-10-25T08:00:00Z',
  '2028-02-29T09:00:00Z',
  '2028-02-29T23:00:00Z',
].map(Date.parse);
const ZONES = ['Europe/Paris', 'America/Martinique'];

const levels = fc
  .uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 })
  .map((days) => [...days].sort((one, other) => one - other))
  .map((days) => ({ invoice: days.map((after_days) => ({ after_days, template: 'courteous' })) }));
const someSettings = {
  auto_followups_enabled: fc.boolean(),
  time_zone: fc.constantFrom(...ZONES),
  levels,
  min_gap_days: fc.integer({ min: 1, max: 10 }),
  max_per_run: fc.constantFrom(null, 1, 2),
  max_per_day: fc.constantFrom(null, 1, 3),
  business_days_only: fc.boolean(),
  min_amount: fc.constantFrom(null, { EUR: 20 }),
  quiet_hours: fc.constantFrom(null, { from: '19:00', to: '08:00' }),
  locale: fc.constantFrom('fr' as const, 'en' as const),
};
const change = fc.record({ ...someSettings, confirm_held: fc.boolean() }, { requiredKeys: [] });

const offset = (min: number, max: number) =>
  fc.integer({ min: min * 48, max: max * 48 }).map((half) => (half * DAY) / 48);
const row = fc.record({
  due: offset(-90, 10),
  dueForm: fc.constantFrom('instant', 'utc', 'paris', 'none'),
  next: fc.option(offset(-40, 20)),
  last: fc.option(offset(-60, 0)),
  pause: fc.option(offset(-5, 5)),
  more: fc.record(
    {
      level: fc.constantFrom<unknown>(0, 1, 2, 3, '1', 'x'),
      type: fc.constantFrom('invoice', 'invoice', 'credit_note'),
      auto_enabled: fc.boolean(),
      amount_due: fc.constantFrom<unknown>(12.5, '12.50', 0, 0.004, null),
      customer: fc.constantFrom<unknown>({ email: 'a@example.test' }, null, {
        email: 'b@example.test',
        locale: 'de',
      }),
      scheduled_by: fc.constantFrom(null, 'older', 'older@2026-01-01'),
      stop_reason: fc.constantFrom(null, null, 'replied'),
      parked: fc.constantFrom<unknown>(
        null,
        null,
        { reason: 'held' },
        { reason: 'template_error' },
        { reason: 'no_email' },
      ),
    },
    { requiredKeys: [] },
  ),
});
type Row = typeof row extends fc.Arbitrary<infer R> ? R : never;

function toFields({ due, dueForm, next, last, pause, more }: Row, now: number): Record<string, unknown> {
  const utc = Math.floor((now + due) / DAY) * DAY;
  const at = { instant: now + due, utc, paris: utc - HOUR, none: null }[dueForm];
  const when = (value: number | null) => (value === null ? null : stamp(now + value));
  const isParked = (more.parked ?? null) !== null;
  return followupFields({
    ...more,
    due_date: at === null ? null : stamp(at),
    next_due_at: isParked ? null : when(next),
    last_sent_at: when(last),
    paused_until: when(pause),
  });
}

const contextOf = (client: ModelStore['client'], now: Date, dryRun: boolean) =>
  ({
    ...{ store: countedStore(client, noUsage()), now, dryRun, post: undefined },
    ...{ leftMs: () => 60_000, runId: 'run', occurrence: null },
  }) as unknown as RunContext;

interface Played {
  sent: string[];
  left: Record<string, string>;
}

/**
 * Runs the task by its own code, but for the dialogue with the mail server. With `isDelivered` each mail arrives, and its
 * follow-up is counted as the task counts it.
 */
async function playRun(
  client: ModelStore['client'],
  now: Date,
  { dryRun = false, isDelivered = false } = {},
): Promise<Played> {
  const context = contextOf(client, now, dryRun);
  const run = await processFollowups.open?.(context, {});
  if (!run) throw new Error('the task opens its run');
  const played: Played = { sent: [], left: {} };
  for await (const candidate of processFollowups.find(run, context, {})) {
    const facts = await processFollowups.gather?.([candidate], run, context);
    if (!facts) throw new Error('the task gathers facts');
    const decision = processFollowups.decide(candidate, { facts, run, params: {}, now } as never);
    const verdict = 'verdict' in candidate ? candidate.verdict : null;
    if (verdict?.do === 'send') played.sent.push(`${candidate.id} ${verdict.level}`);
    else played.left[candidate.id] = decision.reason;
    if (!isDelivered || !decision.act) continue;
    if (verdict?.do === 'send' && 'followup' in candidate) await deliver(client, candidate, now);
    else await processFollowups.act([{ candidate, plan: decision.plan } as never], run, context);
  }
  if (isDelivered) await run.prepared.finish();
  played.sent.sort();
  return played;
}

async function deliver(
  client: ModelStore['client'],
  { followup, settings }: Extract<DueFollowup, { followup: Followup }>,
  now: Date,
): Promise<void> {
  const level = followup.level + 1;
  const batch = client.batch();
  batch.update(followup.ref, sentFields(followup, settings, level, { settledAt: now }));
  batch.create(sendRef(followup, level), { org_id: followup.orgId, state: 'sent', claimed_at: stamp(now) });
  await batch.commit();
}

async function askWhatIf(
  client: ModelStore['client'],
  asked: object,
  now: Date,
  until = now.getTime(),
): Promise<WhatIf> {
  const stored = await settingsRef(client, 'org-1').get();
  const [saved, given] = [{}, asked].map((one) => toConsequences(stored, one, now).after);
  if (!saved || !given) throw new Error('two settings');
  const world = new WhatIfWorld(saved, given, (followup) => followup);
  for (const snapshot of (await openFollowups(client, 'org-1').get()).docs)
    world.add(snapshot, now.getTime());
  return world.result({ from: now.getTime(), until, sentToday: 0 });
}

const world = fc.record({
  at: fc.constantFrom(...INSTANTS),
  settings: fc.record(someSettings),
  change,
  rows: fc.array(row, { minLength: 1, maxLength: 5 }),
});
type GeneratedWorld = typeof world extends fc.Arbitrary<infer W> ? W : never;

async function fillStore({ at, settings, rows }: GeneratedWorld): Promise<ModelStore['client']> {
  const { client } = new ModelStore();
  await settingsRef(client, 'org-1').set(settingsFields(settings));
  for (const [index, one] of rows.entries()) await client.doc(`followups/f-${index}`).set(toFields(one, at));
  return client;
}

it('a what-if and the dry run of a change are the next real run, in 1,000 generated worlds', async () => {
  await fc.assert(
    fc.asyncProperty(world, async (given) => {
      const now = new Date(given.at);
      const client = await fillStore(given);
      const stored = await settingsRef(client, 'org-1').get();
      const consequences = toConsequences(stored, given.change, now);
      const expected = await askWhatIf(client, given.change, now);
      const rehearsed = (await carryOut(client, consequences, now, true)).activation;
      await stored.ref.update(consequences.fields);
      const { activation } = await carryOut(client, consequences, now, false);
      expect(activation).toEqual(rehearsed);
      const dry = await playRun(client, now, { dryRun: true });
      const real = await playRun(client, now);
      expect(dry.sent).toEqual(real.sent);
      const would = expected.would_send.map(({ id, level }) => `${id} ${level}`).sort();
      expect(real.sent).toEqual(would);
      const reasons = new Map(expected.would_not.map(({ id, reason }) => [id, reason]));
      for (const [id, reason] of Object.entries(real.left))
        expect([id, reasons.get(id)]).toEqual([id, reason]);
      // Limits of a run apply to its mails, and the answer counts what is due without them.
      if (activation.opens_at === null) expect(activation.first_run).toBe(real.sent.length);
      else {
        const opening = await playRun(client, new Date(activation.opens_at));
        expect([real.sent, opening.sent.length]).toEqual([[], activation.first_run]);
      }
      expect(activation.would_send_now).toBeGreaterThanOrEqual(real.sent.length);
      expect(toSettings(await stored.ref.get()).zoneBefore).toBeNull();
    }),
    { numRuns: WORLDS, seed: 22 },
  );
}, 120_000);

/**
 * The next full hour at which a run may decide otherwise than the last one: something comes due, or the day begins. After a
 * run that wrote something it is the next hour. Null if there is none.
 */
async function nextHour(
  client: ModelStore['client'],
  { at, hasWritten }: { at: number; hasWritten: boolean },
) {
  const settings = toSettings(await settingsRef(client, 'org-1').get());
  const { docs } = await client.collection('followups').get();
  const dues = docs.map(toFollowup).flatMap(({ status, autoEnabled, nextDueAt }) => {
    return status === 'open' && autoEnabled && nextDueAt !== null ? [nextDueAt] : [];
  });
  if (!settings.enabled || dues.length === 0) return null;
  const tomorrow = startOfDay(
    startOfDay(at, settings.rules.hours.zone) + 30 * HOUR,
    settings.rules.hours.zone,
  );
  const ahead = dues.map((due) => (due > at ? due : hasWritten ? at : tomorrow));
  return Math.max(Math.floor(at / HOUR + 1), Math.ceil(Math.min(...ahead) / HOUR)) * HOUR;
}

/** Mostly two weeks, since idle days take most of the time, and up to all that a what-if may ask. */
const daysAhead = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 14 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 90 }) },
);
const versions = async (client: ModelStore['client']) =>
  (await client.collection('followups').get()).docs.map(({ updateTime }) => updateTime?.valueOf()).join();

it('a what-if of days ahead is the real runs of those days, in 1,000 generated worlds', async () => {
  await fc.assert(
    fc.asyncProperty(world, daysAhead, async (given, days) => {
      const client = await fillStore(given);
      const until = given.at + days * DAY;
      const { would_send } = await askWhatIf(client, given.change, new Date(given.at), until);
      const stored = await settingsRef(client, 'org-1').get();
      const consequences = toConsequences(stored, given.change, new Date(given.at));
      await stored.ref.update(consequences.fields);
      await carryOut(client, consequences, new Date(given.at), false);
      const mails: string[] = [];
      for (let at: number | null = given.at; at !== null && at <= until; ) {
        const now = new Date(at);
        const before = await versions(client);
        const { sent } = await playRun(client, now, { isDelivered: true });
        mails.push(...sent.map((mail) => `${now.toISOString()} ${mail}`));
        at = await nextHour(client, { at, hasWritten: before !== (await versions(client)) });
      }
      expect(mails).toEqual(would_send.map(({ at, id, level }) => `${at} ${id} ${level}`).sort());
    }),
    { numRuns: WORLDS, seed: 22 },
  );
}, 240_000);
