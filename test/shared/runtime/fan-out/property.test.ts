import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Disturbance } from '../../../../infra/local/tasks/dispatch.ts';
import { type FanOutWorld, startFanOut } from '../../../support/fan-out/fan-out.ts';
import { DEADLINE_SECONDS, graze, shearings, shearSheep, trouble } from '../../../support/sheep.ts';
import { clear, minutes, NOW, startWorld, type World } from '../../../support/world.ts';

const RUNS = 15;
const SEED = 2026;
/** Enough occurrences to find everything again that was lost. */
const MAX_OCCURRENCES = 8;
const embedded = inject('firestoreEngine') === 'embedded';

let world: World;
let fan: FanOutWorld;
let trials = 0;

beforeAll(async () => {
  world = await startWorld();
  fan = await startFanOut(world, shearSheep);
});
afterAll(async () => {
  await fan?.stop();
  await world?.stop();
});

const disturbance = fc.constantFrom<Disturbance | null>(null, null, 'twice', 'never', 'unacknowledged');
const fate = fc.record({
  white: fc.integer({ min: 0, max: 14 }),
  black: fc.integer({ min: 0, max: 3 }),
  /** The disturbance of each delivery, in order; later ones are undisturbed. */
  deliveries: fc.array(disturbance, { maxLength: 10 }),
  /** Cloud Tasks is away after this many calls, until the run is retried; null: it stays. */
  calls: fc.option(fc.nat(6)),
  /** The number of first attempts at which a sheep kicks. */
  kicks: fc.dictionary(fc.integer({ min: 0, max: 13 }).map(String), fc.integer({ min: 1, max: 3 })),
  /** The number of copies of each delivery by Scheduler. */
  copies: fc.integer({ min: 1, max: 3 }),
});

it.skipIf(embedded)(
  'acts on each candidate once and counts it once, despite any disturbance of batches and dispatchers',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fate, async ({ white, black, deliveries, calls, kicks, copies }) => {
        await begin(white, black);
        const [left, kicksLeft] = [[...deliveries], new Map(Object.entries(kicks))];
        fan.disturb.with = () => left.shift() ?? null;
        fan.apiCalls.left = calls;
        trouble.with = (id) => {
          const number = id.split('-')[1] ?? '';
          const more = kicksLeft.get(number) ?? 0;
          kicksLeft.set(number, more - 1);
          return more > 0;
        };
        for (let count = 0; count < MAX_OCCURRENCES; count += 1)
          if ((await deliverOccurrence(copies)) === 0) break;
        expect(await shearings(world.store)).toEqual([...Array(white).fill(1), ...Array(black).fill(0)]);
        await checkLedger(white);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  },
);

async function begin(white: number, black: number): Promise<void> {
  trials += 1;
  world.clock.set(new Date(NOW.getTime() + trials * minutes(24 * 60)));
  for (const { ref } of (await world.store.collection('task_runs').get()).docs)
    await world.store.recursiveDelete(ref);
  await clear(world.store, 'sheep');
  await world.redis.flushall();
  await graze(world.store, white, black);
}

/** Delivers one occurrence until it succeeds, and all its batches. Returns the number of candidates it found. */
async function deliverOccurrence(copies: number): Promise<number> {
  const occurrence = world.clock();
  let found = 0;
  for (;;) {
    const answers = await Promise.all(Array.from({ length: copies }, () => fan.run({ occurrence })));
    for (const { body } of answers)
      found = Math.max(found, body.dispatched?.candidates ?? body.counts?.failed ?? 0);
    if (answers.every(({ status }) => status === 200)) break;
    fan.apiCalls.left = null;
  }
  await fan.queue.tick();
  while (fan.queue.tasks().length > 0) {
    world.clock.advance(40_000);
    await fan.queue.tick();
  }
  // The next occurrence comes after this one's deadline.
  world.clock.set(
    new Date(Math.max(world.clock().getTime(), occurrence.getTime() + DEADLINE_SECONDS * 1000)),
  );
  world.clock.advance(minutes(1));
  return found;
}

/** Every run is closed, its counts add up, and together they have acted on each candidate once. */
async function checkLedger(white: number): Promise<void> {
  const { docs } = await world.store.collection('task_runs').get();
  const records = docs.map((doc) => doc.data());
  let acted = 0;
  for (const { outcome, counts, finished_at: finished, dispatched } of records) {
    expect(['succeeded', 'nothing_to_do', 'failed', 'skipped_overlap']).toContain(outcome);
    expect(finished).not.toBeNull();
    expect(counts.candidates).toBe(counts.acted + counts.skipped + counts.failed);
    // Each dispatched candidate counts once, with any result.
    if (dispatched) expect(counts.candidates).toBe(dispatched.own.counts.candidates + dispatched.candidates);
    acted += counts.acted;
  }
  expect(acted).toBe(white);
}
