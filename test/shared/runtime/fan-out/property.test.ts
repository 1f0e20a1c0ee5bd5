import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Disturbance } from '../../../../infra/local/tasks/dispatch.ts';
import { type FanOutWorld, startFanOut } from '../../../support/fan-out/fan-out.ts';
import { DEADLINE_SECONDS, graze, shearings, shearSheep, trouble } from '../../../support/sheep.ts';
import { clear, minutes, NOW, startWorld, type World } from '../../../support/world.ts';

const RUNS = 15;
const SEED = 2026;
/** Enough rounds for whatever was lost to be found again. */
const MAX_ROUNDS = 8;
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
  /** What happens to each delivery, in order; nothing to those after. */
  deliveries: fc.array(disturbance, { maxLength: 10 }),
  /** After so many calls Cloud Tasks is away, until the round is tried again; null: it stays. */
  calls: fc.option(fc.nat(6)),
  /** Sheep that kick at the first so many attempts. */
  kicks: fc.dictionary(fc.integer({ min: 0, max: 13 }).map(String), fc.integer({ min: 1, max: 3 })),
  /** Every delivery of the round by Scheduler comes so often. */
  copies: fc.integer({ min: 1, max: 3 }),
});

it.skipIf(embedded)(
  'whatever happens to batches and dispatchers, each candidate is acted on once and counted once',
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
        for (let round = 0; round < MAX_ROUNDS; round += 1) if ((await roundOf(copies)) === 0) break;
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

/** One occurrence, delivered until it is answered with success, and all that follows from it; returns what it found to do. */
async function roundOf(copies: number): Promise<number> {
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
  // The next round comes when this one's deadline has passed.
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
    // Of those handed on each is counted once too, whatever became of it.
    if (dispatched) expect(counts.candidates).toBe(dispatched.own.counts.candidates + dispatched.candidates);
    acted += counts.acted;
  }
  expect(acted).toBe(white);
}
