import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { minutes, startWorld, type World } from '../../support/world.ts';
import { type Fate, SimulatedNetwork } from './simulated-network.ts';
import { SimulatedTab, type TabEvent } from './simulated-tab.ts';

const RUNS = 25;
const SEED = 20_260_304;
/** Times are stored in whole milliseconds: each visit may lose or gain a part of one. */
const ROUNDING_SECONDS = 0.002;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const sweep = async () => {
  const headers = { 'X-Cron-Secret': world.secret };
  const { body } = await world.post('/api/v1/monitoring/close-inactive-visits', { headers });
  expect(body.outcome).toMatch(/succeeded|nothing_to_do/);
};

interface Outcome {
  visits: { path: string; duration: number; engaged: number; source: string; reason: string }[];
  wall: number;
  /** Seconds that the tab spent on a path. */
  spent: (path: string) => number;
  /** Seconds for which reports were on their way: so late may the server hear where a visit begins. */
  slow: number;
  attention: number;
}

/** Plays a tab's life against the real functions, lets the sweep close what is left, and reads what was stored. */
async function live(events: TabEvent[], choices: { fate: Fate; pick: number }[]): Promise<Outcome> {
  const sub = `tab-${randomUUID()}`;
  const network = new SimulatedNetwork(`${world.url}/api/v1/visits`, choices);
  network.token = await world.issuer.userToken('usertest1', { ttlSeconds: 30 * 86_400, claims: { sub } });
  const began = world.clock().getTime();
  const tab = new SimulatedTab(network, { now: began, move: (ms) => world.clock.advance(ms), sweep });
  await network.settle();
  for (const event of events) {
    await tab.play(event);
    await network.catchUp();
  }
  await tab.close();
  const wall = (world.clock().getTime() - began) / 1000;
  await network.catchUp();
  world.clock.advance(minutes(24 * 60 + 31));
  await sweep();
  const { docs } = await world.store.collection('page_visits').where('user_id', '==', sub).get();
  const visits = docs.map((doc) => ({
    path: doc.get('path'),
    duration: doc.get('duration_seconds'),
    engaged: doc.get('engaged_seconds'),
    source: doc.get('duration_source'),
    reason: doc.get('close_reason'),
  }));
  const spent = (path: string) => (tab.spent.get(path) ?? 0) / 1000;
  return { visits, wall, spent, slow: network.slowMs / 1000, attention: tab.attention / 1000 };
}

/** A page that came and went while the network was away: rare by chance, and where time is most easily made up. */
const PAGES_WHILE_OFFLINE: TabEvent[] = [
  { kind: 'offline' },
  { kind: 'push' },
  { kind: 'wait', minutes: 2 },
  { kind: 'push' },
  { kind: 'wait', minutes: 5 },
  { kind: 'online' },
  { kind: 'wait', minutes: 1 },
];

function secondsByPath(visits: Outcome['visits']): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { path, duration } of visits) sums.set(path, (sums.get(path) ?? 0) + duration);
  return sums;
}

const span = fc.oneof(
  { weight: 5, arbitrary: fc.double({ min: 0.001, max: 3, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(1, 29.9, 30, 30.1) },
);
const gentle: fc.Arbitrary<TabEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: span }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('push' as const, 'push', 'load', 'type') }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('hide' as const, 'show', 'focus', 'blur', 'back', 'reload'),
    }),
  },
);
const rough: fc.Arbitrary<TabEvent> = fc.oneof(
  { weight: 5, arbitrary: gentle },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sleep' as const), minutes: span }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('offline' as const, 'online', 'online', 'kill', 'sweep') }),
  },
);
const fates = (all: readonly Fate[], reordering: boolean) =>
  fc.array(fc.record({ fate: fc.constantFrom(...all), pick: fc.nat({ max: reordering ? 5 : 0 }) }), {
    minLength: 1,
    maxLength: 12,
  });

it('never reports more visit time than has passed, despite any events and lost requests', async () => {
  let stored = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(rough, { minLength: 3, maxLength: 18 }),
      fates(['fine', 'slow', 'answer-lost', 'lost', 'replayed', 'late'], true),
      async (events, choices) => {
        const { visits, wall, spent, slow } = await live(events, choices);
        stored += visits.length;
        const sum = visits.reduce((total, visit) => total + visit.duration, 0);
        const slack = ROUNDING_SECONDS * (visits.length + 1);
        expect(sum).toBeLessThanOrEqual(wall + slack);
        for (const [path, seconds] of secondsByPath(visits)) {
          expect(seconds).toBeLessThanOrEqual(spent(path) + slow + slack);
        }
        for (const { duration, engaged, source, reason } of visits) {
          expect(reason).toMatch(/^(navigated|left|timeout|max_length)$/);
          expect(engaged).toBeLessThanOrEqual(duration);
          expect(duration).toBeLessThanOrEqual(wall + slack);
          expect(source).toBe(duration > 0 ? 'measured' : 'inferred');
        }
      },
    ),
    { numRuns: RUNS, seed: SEED, examples: [[PAGES_WHILE_OFFLINE, [{ fate: 'fine', pick: 0 }]]] },
  );
  expect(stored).toBeGreaterThan(RUNS);
});

it('reports engaged time to the millisecond over a reliable network', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(gentle, { minLength: 3, maxLength: 18 }),
      fates(['fine', 'replayed'], false),
      async (events, choices) => {
        const { visits, attention } = await live(events, choices);
        const engaged = visits.reduce((total, visit) => total + visit.engaged, 0);
        expect(engaged).toBeGreaterThanOrEqual(attention - ROUNDING_SECONDS * visits.length);
        expect(engaged).toBeLessThanOrEqual(attention + ROUNDING_SECONDS * visits.length);
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
});
