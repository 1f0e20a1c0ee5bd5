import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { removeProbe } from '../../../shared/domains/presence/probe.ts';
import { openStore } from '../../../shared/doors/store/firestore.ts';
import { user } from '../../support/presence.ts';
import { layWire } from '../../support/wire.ts';
import { clear, dump, NOW, seed, startWorld, type World } from '../../support/world.ts';

const NAMES = [
  'firestore_connection',
  'redis_connection',
  'user_schema',
  'presence_operations',
  'indexes',
  'simulated_update',
  'timings',
];
let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  for (const name of ['users', 'login_history', 'task_runs']) await clear(world.store, name);
  await world.redis.flushall();
  await seed(
    world.store,
    'users',
    new Map<string, object>([
      ['a', user()],
      ['b', { role: 'admin' }],
    ]),
  );
});

const test = (body: object = {}) =>
  world.post('/v1/presence/test', { body, headers: { 'X-Cron-Secret': world.secret } });
const failedOf = (body: { checks: { name: string; ok: boolean }[] }) =>
  body.checks.filter(({ ok }) => !ok).map(({ name }) => name);

it('checks both stores, the schema, the operations, the indexes, an update and timings, and leaves nothing', async () => {
  const before = await dump(world.store, world.redis);
  const { status, body } = await test();
  expect(status).toBe(200);
  expect(body).toMatchObject({ success: true, message: '7 checks passed', outcome: 'succeeded' });
  expect(body.checks.map(({ name }: { name: string }) => name)).toEqual(NAMES);
  for (const check of body.checks) {
    expect(check).toEqual({
      name: check.name,
      ok: true,
      duration_ms: expect.any(Number),
      detail: expect.any(String),
    });
  }
  const [run] = (await world.store.collection('task_runs').get()).docs;
  expect(run?.get('notes')).toEqual(body.checks);
  await clear(world.store, 'task_runs');
  expect(await dump(world.store, world.redis)).toBe(before);
});

it('a dry run does nothing', async () => {
  const before = await dump(world.store, world.redis);
  expect((await test({ dry_run: true })).body).toMatchObject({ message: 'Would run 7 checks', checks: [] });
  expect(await dump(world.store, world.redis)).toBe(before);
});

it('a user with fields of the wrong type fails only the schema check: 500 with the same body, naming the fault', async () => {
  await world.store.doc('users/odd').set({ is_online: 'yes', last_activity_at: 17 });
  const { status, body } = await test();
  expect(status).toBe(500);
  expect(body).toMatchObject({ success: false, outcome: 'failed', message: '1 of 7 checks failed' });
  expect(failedOf(body)).toEqual(['user_schema']);
  expect(body.checks[2].detail).toBe(
    'users/odd: is_online is not a boolean, users/odd: last_activity_at is not a timestamp',
  );
});

it('a removal of the probe that fails for Redis still waits for Firestore', async () => {
  const { config } = world.deps;
  const wire = await layWire(config.firestore.emulatorHost ?? '');
  const store = openStore({ ...config, firestore: { ...config.firestore, emulatorHost: wire.host } });
  await world.redisEngine.stopEngine();
  try {
    wire.cut();
    let state = 'under way';
    const removal = removeProbe({ ...world.deps, store }).catch(() => {
      state = 'failed';
    });
    for (let time = 0; time < 3; time += 1) await expect(world.redis.get('any')).rejects.toThrow();
    expect(state).toBe('under way');
    wire.mend();
    await removal;
    expect(state).toBe('failed');
  } finally {
    await world.redisEngine.restart();
    await store.terminate();
    await wire.stop();
  }
});

it('with Redis away only the checks that need it fail', async () => {
  await world.redisEngine.stopEngine();
  try {
    const { status, body } = await test();
    expect(status).toBe(500);
    expect(failedOf(body)).toEqual(['redis_connection', 'presence_operations', 'timings']);
    expect(body.checks).toHaveLength(NAMES.length);
    expect((await world.store.doc('users/ronde-presence-probe').get()).exists).toBe(false);
  } finally {
    await world.redisEngine.restart();
  }
});
