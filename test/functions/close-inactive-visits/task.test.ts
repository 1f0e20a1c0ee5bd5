import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clear, dump, minutes, NOW, seed, startWorld, visit, type World } from '../../support/world.ts';

const ROUTE = '/api/v1/monitoring/close-inactive-visits';
const TOTAL = 2_500;
let world: World;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  admin = await world.issuer.userToken('admintest1', { ttlSeconds: 7 * 86_400 });
  for (const name of ['page_visits', 'task_runs']) await clear(world.store, name);
  await world.redis.flushall();
});

const sweep = (body: object = {}) =>
  world.post(ROUTE, { body, headers: { Authorization: `Bearer ${admin}` } });
const asScheduler = (occurrence: string) =>
  world.post(ROUTE, {
    headers: { 'X-Cron-Secret': world.secret, 'X-CloudScheduler-ScheduleTime': occurrence },
  });
const visits = () => world.store.collection('page_visits');
const runs = async () => (await world.store.collection('task_runs').get()).docs;

/** Five kinds in turn: stale, fresh, exactly at the boundary, closed, and stale without any heartbeat. */
function mixed(total: number): Map<string, Record<string, unknown>> {
  const kinds = [
    (index: number) => visit(60 + (index % 300), 31 + (index % 29)),
    (index: number) => visit(45 + (index % 300), index % 29),
    () => visit(90, 30),
    () =>
      visit(90, 60, { end_time: Timestamp.fromMillis(NOW.getTime() - minutes(60)), duration_seconds: 1800 }),
    (index: number) => visit(31 + (index % 400), null),
  ];
  return new Map(
    Array.from({ length: total }, (_, index) => {
      const fields = kinds[index % kinds.length]?.(index) ?? {};
      return [`visit-${String(index).padStart(5, '0')}`, fields];
    }),
  );
}

/** Reads the stored ends and durations. */
async function results(): Promise<Record<string, unknown>> {
  const { docs } = await visits().get();
  return Object.fromEntries(
    docs.map((doc) => [doc.id, [doc.get('end_time')?.toMillis(), doc.get('duration_seconds')]]),
  );
}

/** The result of every cadence: the stored end, else the last sign of life. */
function lastSignOf(fields: Record<string, unknown>): [number, number] {
  const time = (name: string) => (fields[name] as Timestamp | null | undefined)?.toMillis();
  const start = time('start_time') ?? Number.NaN;
  const end = time('end_time') ?? time('last_activity_at') ?? start;
  return [end, (end - start) / 1000];
}

describe('closing visits left open', () => {
  it('closes the stale ones of 2,500 at their last sign of life, and no other', async () => {
    await seed(world.store, 'page_visits', mixed(TOTAL));
    const { status, body } = await sweep();
    expect(status).toBe(200);
    expect(Object.keys(body).slice(0, 3)).toEqual(['message', 'closed_count', 'inactivity_minutes']);
    expect(body).toMatchObject({
      message: 'Closed 1000 inactive page visits',
      closed_count: 1000,
      inactivity_minutes: 30,
      outcome: 'succeeded',
      complete: true,
      counts: { candidates: 2000, acted: 1000, skipped: 1000, failed: 0 },
      skipped: { still_active: 1000 },
    });
    for (const doc of (await visits().get()).docs) {
      const kind = Number(doc.id.slice(-5)) % 5;
      if (kind === 0 || kind === 4) {
        const lastSign = doc.get('last_activity_at') ?? doc.get('start_time');
        expect(doc.get('end_time')).toEqual(lastSign);
        expect(doc.get('duration_seconds')).toBe(
          (lastSign.toMillis() - doc.get('start_time').toMillis()) / 1000,
        );
        expect(doc.get('duration_source')).toBe(kind === 0 ? 'measured' : 'inferred');
        expect(doc.get('closed_at').toDate()).toEqual(NOW);
      } else expect(doc.get('close_reason')).toBe(null);
    }
  });

  it.each([
    ['every minute', [...Array(121).keys()]],
    ['every 15 minutes', [0, 15, 30, 45, 60, 75, 90, 105, 120]],
    ['every hour', [0, 60, 120]],
    ['once, two hours later', [120]],
    ['once a day, after a missed day', [2880]],
    ['twice over', [0, 0, 60, 60, 120, 120]],
  ])('gives the same ends and durations when it sweeps %s', async (_title, at) => {
    const seeded = mixed(TOTAL);
    await seed(world.store, 'page_visits', seeded);
    for (const minute of at) {
      world.clock.set(new Date(NOW.getTime() + minutes(minute)));
      expect((await sweep()).status).toBe(200);
    }
    const expected = Object.fromEntries([...seeded].map(([id, fields]) => [id, lastSignOf(fields)]));
    expect(await results()).toEqual(expected);
  });

  it('closes a visit that has reached 24 hours although it is still active', async () => {
    await seed(world.store, 'page_visits', new Map([['long', visit(24 * 60 + 5, 1)]]));
    expect((await sweep()).body.closed_count).toBe(1);
    const long = await visits().doc('long').get();
    expect(long.get('close_reason')).toBe('max_length');
    expect(long.get('duration_seconds')).toBe(86_400);
  });

  it('keeps the microseconds of other back ends: end_time is exactly last_activity_at', async () => {
    const lastSign = new Timestamp(Math.floor(NOW.getTime() / 1000) - 7200, 123_456_000);
    await seed(
      world.store,
      'page_visits',
      new Map([['precise', { ...visit(180, null), last_activity_at: lastSign }]]),
    );
    await sweep();
    expect((await visits().doc('precise').get()).get('end_time')).toEqual(lastSign);
  });

  it('answers nothing_to_do for at most three reads', async () => {
    const { body } = await sweep();
    expect(body).toMatchObject({
      outcome: 'nothing_to_do',
      message: 'Closed 0 inactive page visits',
      closed_count: 0,
    });
    expect(body.cost.firestore_reads).toBeLessThanOrEqual(3);
    expect(await runs()).toHaveLength(1);
  });

  it('stops at its budget, answers complete false, and the next run goes on where it stopped', async () => {
    await seed(world.store, 'page_visits', mixed(TOTAL));
    const { clock } = world.deps;
    let asked = 0;
    world.deps.clock = () => new Date(NOW.getTime() + (asked++ > 5 ? 6000 : 0));
    const first = await sweep({ budget_seconds: 5 });
    world.deps.clock = clock;
    expect(first.body).toMatchObject({ complete: false, outcome: 'succeeded' });
    const second = await sweep();
    expect(second.body.complete).toBe(true);
    expect(first.body.closed_count + second.body.closed_count).toBe(1000);
    expect(first.body.closed_count).toBeGreaterThan(0);
    expect(second.body.closed_count).toBeGreaterThan(0);
  });
});

describe('one occurrence', () => {
  it('has its effect once if it is delivered again in another notation of the same instant', async () => {
    await seed(world.store, 'page_visits', mixed(500));
    expect((await asScheduler('2026-03-04T02:00:00-08:00')).body.closed_count).toBe(200);
    const again = await asScheduler('2026-03-04T10:00:00Z');
    expect(again.body).toMatchObject({ outcome: 'deduplicated', closed_count: 0 });
    const ledger = await runs();
    expect(ledger.map((doc) => [doc.id, doc.get('outcome'), doc.get('attempt')])).toEqual([
      ['close-inactive-visits@2026-03-04T10:00:00.000Z', 'succeeded', 1],
    ]);
  });

  it('is not used up by a forced run, which carries the next one', async () => {
    const forced = await asScheduler('2026-03-04T02:15:00-08:00');
    expect(forced.body.run_id).toMatch(/^close-inactive-visits![\da-f-]{36}$/);
    world.clock.advance(minutes(15));
    const scheduled = await asScheduler('2026-03-04T02:15:00-08:00');
    expect(scheduled.body).toMatchObject({
      outcome: 'nothing_to_do',
      run_id: 'close-inactive-visits@2026-03-04T10:15:00.000Z',
    });
  });

  it('is retried under the same id after a killed attempt, which the ledger calls abandoned', async () => {
    const id = 'close-inactive-visits@2026-03-04T10:00:00.000Z';
    const open = {
      task: 'close-inactive-visits',
      attempt: 1,
      outcome: null,
      started_at: Timestamp.fromDate(NOW),
    };
    await seed(
      world.store,
      'task_runs',
      new Map([
        [id, open],
        ['close-inactive-visits!dead', open],
      ]),
    );
    await asScheduler('2026-03-04T10:00:00Z');
    const [run, other] = await Promise.all(
      [id, 'close-inactive-visits!dead'].map((key) => world.store.doc(`task_runs/${key}`).get()),
    );
    expect(run?.get('attempt')).toBe(2);
    expect(run?.get('outcome')).toBe('nothing_to_do');
    expect(run?.get('attempts')).toMatchObject([{ attempt: 1, outcome: 'abandoned' }]);
    expect(other?.get('outcome')).toBe('abandoned');
  });

  it('is skipped while another run holds the lease, and the next tick does the work', async () => {
    await world.redis.set('lease:close-inactive-visits', 'another', { px: 30_000 });
    await seed(world.store, 'page_visits', mixed(10));
    const skipped = await asScheduler('2026-03-04T10:00:00Z');
    expect(skipped.body).toMatchObject({ outcome: 'skipped_overlap', closed_count: 0 });
    expect(skipped.status).toBe(200);
    await world.redis.del('lease:close-inactive-visits');
    world.clock.advance(minutes(15));
    expect((await asScheduler('2026-03-04T10:15:00Z')).body.closed_count).toBeGreaterThan(0);
  });
});

describe('a dry run', () => {
  it('leaves both stores byte-equal and names exactly what the real run then does', async () => {
    await seed(world.store, 'page_visits', mixed(90));
    const before = await dump(world.store, world.redis);
    const dry = await sweep({ dry_run: true });
    expect(await dump(world.store, world.redis)).toBe(before);
    expect(dry.body).toMatchObject({
      message: 'Would close 36 inactive page visits',
      closed_count: 0,
      would_close_count: 36,
    });
    const named = dry.body.candidates
      .filter((one: { decision: string }) => one.decision === 'act')
      .map((one: { id: string }) => one.id)
      .sort();
    await sweep();
    const closed = (await visits().where('closed_at', '==', Timestamp.fromDate(NOW)).get()).docs.map(
      (doc) => doc.id,
    );
    expect(named).toEqual(closed.sort());
  });
});

describe('engines that fail', () => {
  it('runs without a lease while Redis is down, with the same effect', async () => {
    await seed(world.store, 'page_visits', mixed(10));
    await world.redisEngine.stopEngine();
    const { body } = await sweep();
    await world.redisEngine.restart();
    expect(body).toMatchObject({ outcome: 'succeeded', closed_count: 4 });
  });
});

describe('the ledger and the log', () => {
  it('keep what a run decided, counted and cost', async () => {
    await seed(world.store, 'page_visits', mixed(10));
    const { body } = await sweep({ inactivity_minutes: 32 });
    const run = await world.store.doc(`task_runs/${body.run_id}`).get();
    expect(run.data()).toMatchObject({
      task: 'close-inactive-visits',
      occurrence: null,
      trigger: 'admin',
      requested_by: 'admintest1',
      attempt: 1,
      outcome: 'succeeded',
      dry_run: false,
      params: { inactivity_minutes: 32 },
      counts: body.counts,
      skipped: body.skipped,
      error: null,
    });
    expect(run.get('cost')).toMatchObject({ firestore_writes: body.closed_count + 2, emails: 0 });
    expect(run.get('cost').usd).toBeGreaterThan(0);
    expect(run.get('expires_at').toMillis()).toBe(NOW.getTime() + 90 * 86_400_000);
    const line = JSON.parse(world.logs.filter((text) => text.includes(body.run_id)).at(-1) ?? '{}');
    expect(line).toMatchObject({
      severity: 'INFO',
      run_id: body.run_id,
      outcome: 'succeeded',
      'logging.googleapis.com/labels': { task: 'close-inactive-visits' },
    });
  });
});
