import { Timestamp } from '@google-cloud/firestore';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertRows, checkDelays, resetAlerts } from '../../support/alerts.ts';
import { DAY_MS, fill, recipient, ticket } from '../../support/tickets.ts';
import { NOW, startWorld, type World } from '../../support/world.ts';

/** Each case takes about a second: an earlier run, a dry run and a real run on the real stores. */
const RUNS = 12;
const SEED = 20_260_304;
const HOUR_MS = 3_600_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const stage = fc.constantFrom('diagnosis', 'parts', 'repair');
const tickets = fc.array(
  fc.record({
    // Around the thresholds of 7, 14 and 20 days, to the very millisecond.
    ageMs: fc.oneof(
      fc.integer({ min: 0, max: 40 * DAY_MS }),
      fc.constantFrom(7, 14, 20).chain((days) => fc.constantFrom(days * DAY_MS, days * DAY_MS + 1)),
    ),
    stage,
    status: fc.constantFrom('active', 'active', 'active', 'closed', 'cancelled'),
    /** True if the ticket has `stage_entered_at`. */
    says: fc.boolean(),
  }),
  { maxLength: 8 },
);
const recipients = fc.array(
  fc.record({
    email: fc.constantFrom(
      'ada@example.test',
      'bob@example.test',
      'Bob@example.test',
      'no address',
      'eve@example.test',
    ),
    active: fc.boolean(),
  }),
  { maxLength: 5 },
);
const scene = fc.record({
  tickets,
  recipients,
  /** Time since an earlier run that alerted some of the tickets; null without one. */
  earlierHours: fc.option(fc.constantFrom(1, 7, 23, 24, 48)),
  params: fc.record(
    { force: fc.boolean(), threshold_days: fc.integer({ min: 1, max: 30 }) },
    { requiredKeys: [] },
  ),
  repeatHours: fc.constantFrom(1, 24, 168),
});

const documents = (list: readonly object[]) =>
  Object.fromEntries(list.map((fields, index) => [`d${index}`, fields]));

/** Returns the candidates of a dry run, and the rows that the real run at the same instant writes. */
async function both(params: object) {
  const dry = (await checkDelays(world, { ...params, dry_run: true })).body;
  const before = new Set((await alertRows(world)).map((row) => row.id));
  const real = (await checkDelays(world, params)).body;
  const rows = (await alertRows(world)).filter((row) => !before.has(row.id));
  type Shown = { id: string; decision: string; recipient: string };
  const listed = dry.candidates
    .filter(({ decision }: Shown) => decision === 'act')
    .map(({ id, recipient: address }: Shown) => `${id.split(':')[0]} ${address}`);
  return { dry, real, listed, sent: rows.map((row) => `${row.get('ticket_id')} ${row.get('recipient')}`) };
}

it('a dry run lists what the real run at the same instant sends, and gives the same reasons', async () => {
  await fc.assert(
    fc.asyncProperty(scene, async ({ earlierHours, params, repeatHours, ...given }) => {
      await resetAlerts(world);
      const stored = given.tickets.map(({ ageMs, says, ...fields }) => {
        const since = Timestamp.fromMillis(NOW.getTime() - ageMs);
        return ticket(0, { ...fields, created_at: since, stage_entered_at: says ? since : null });
      });
      const people = given.recipients.map(({ email, active }) => recipient(email, { active }));
      await fill(world, 'settings', {
        alerts: {
          repeat_hours: repeatHours,
          stages: { parts: { threshold_days: 7 }, repair: { threshold_days: 20 } },
        },
      });
      await fill(world, 'tickets', documents(stored.slice(0, 4)));
      await fill(world, 'alert_recipients', documents(people.slice(0, 3)));
      if (earlierHours !== null) {
        world.clock.set(new Date(NOW.getTime() - earlierHours * HOUR_MS));
        await checkDelays(world);
        world.clock.set(NOW);
      }
      await fill(world, 'tickets', documents(stored));
      await fill(world, 'alert_recipients', documents(people));
      const { dry, real, listed, sent } = await both(params);
      expect(sent.sort()).toEqual(listed.sort());
      for (const field of ['outcome', 'counts', 'skipped', 'failed', 'checked', 'overdue'])
        expect([field, real[field]]).toEqual([field, dry[field]]);
      expect(real.alerts).toEqual({ ...dry.alerts, sent: dry.alerts.would_send, would_send: undefined });
    }),
    { numRuns: RUNS, seed: SEED },
  );
});
