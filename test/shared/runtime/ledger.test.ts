import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http as register } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { taskHandler } from '../../../shared/runtime/handler.ts';
import type { Task } from '../../../shared/runtime/task.ts';
import { meterRedis } from '../../support/redis-meter.ts';
import { clear, minutes, NOW, startWorld, type World } from '../../support/world.ts';

const RUN = `chore@${NOW.toISOString()}`;
/** Further acts of the chore; each test sets its own. */
const hooks = { afterFound: async () => undefined as unknown, whileActing: async () => undefined as unknown };

interface Types {
  params: Record<never, never>;
  candidate: { id: string };
  run: undefined;
  facts: undefined;
  reason: 'due';
  plan: undefined;
}

/** Two candidates, one a batch. */
const chore: Task<Types> = {
  name: 'chore',
  route: '/chore',
  methods: ['POST'],
  params: {},
  language: 'en',
  onOverlap: 'skip',
  budgetSeconds: 60,
  batchSize: 1,
  concurrency: 1,
  async *find() {
    yield { id: 'one' };
    yield { id: 'two' };
    await hooks.afterFound();
  },
  decide: () => ({ act: true, reason: 'due' }),
  act: async (batch) => {
    await hooks.whileActing();
    return batch.map(() => ({ outcome: 'acted' }));
  },
  reply: () => ({}),
};

let world: World;
let server: Server;

beforeAll(async () => {
  world = await startWorld();
  register(
    chore.name,
    taskHandler(chore, () => world.deps),
  );
  server = getTestServer(chore.name);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await world.stop();
});
beforeEach(async () => {
  world.clock.set(NOW);
  hooks.afterFound = hooks.whileActing = async () => undefined;
  await clear(world.store, 'task_runs');
});

async function deliver() {
  const { port } = server.address() as AddressInfo;
  const headers = { 'X-Cron-Secret': world.secret, 'X-CloudScheduler-ScheduleTime': NOW.toISOString() };
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const record = async () => (await world.store.doc(`task_runs/${RUN}`).get()).data();

it('records the counts of a run whose search breaks off', async () => {
  hooks.afterFound = () => Promise.reject(new Error('the query broke off'));
  const counts = { candidates: 2, acted: 2, skipped: 0, failed: 0 };
  expect(await deliver()).toMatchObject({
    status: 503,
    body: { outcome: 'failed', complete: false, counts },
  });
  expect(await record()).toMatchObject({ outcome: 'failed', counts, error: 'Error: the query broke off' });
});

it('records the end of an overtaken attempt among the earlier ones, and keeps the newer record', async () => {
  const begun = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  hooks.whileActing = () => {
    hooks.whileActing = async () => undefined;
    begun.resolve();
    return mayEnd.promise;
  };
  const first = deliver();
  await begun.promise;
  await world.redis.flushall();
  world.clock.advance(1_000);
  const second = await deliver();
  expect(second.body).toMatchObject({ outcome: 'succeeded', attempt: 2 });
  expect(await record()).toMatchObject({ attempts: [{ attempt: 1, outcome: 'abandoned', counts: null }] });
  const standing = await record();

  mayEnd.resolve();
  expect((await first).body).toMatchObject({ outcome: 'succeeded', attempt: 1 });
  const counts = { candidates: 2, acted: 2, skipped: 0, failed: 0 };
  const settled = { attempt: 1, outcome: 'succeeded', counts, error: null, finished_at: expect.anything() };
  expect(await record()).toEqual({ ...standing, attempts: [{ ...settled, started_at: expect.anything() }] });
});

it('records the true end of a run that was marked abandoned while it worked', async () => {
  hooks.afterFound = () => world.store.doc(`task_runs/${RUN}`).update({ outcome: 'abandoned' });
  await deliver();
  expect(await record()).toMatchObject({ outcome: 'succeeded', attempt: 1, counts: { acted: 2 } });
});

it('records a duration of 0 if the clock is set back during a run', async () => {
  hooks.afterFound = async () => world.clock.advance(-minutes(60));
  await deliver();
  const run = await record();
  expect(run).toMatchObject({ outcome: 'succeeded', duration_ms: 0 });
  expect(run?.['finished_at']).toEqual(run?.['started_at']);
});

it('counts every Redis command, also the release of the lease after the last write', async () => {
  const meter = await meterRedis(world);
  const { body } = await deliver();
  await meter.stop();
  expect(meter.commands).toBe(2);
  expect(await record()).toMatchObject({ cost: { redis_commands: meter.commands } });
  expect((await record())?.['cost']).toEqual(body['cost']);
});

it('records a delivery that finds the task at work as attempt 1, and the run that takes over as attempt 2', async () => {
  await world.redis.set(`lease:${chore.name}`, 'another run', { px: 30_000 });
  expect((await deliver()).body).toMatchObject({ outcome: 'skipped_overlap', attempt: 1 });
  expect(await record()).toMatchObject({ outcome: 'skipped_overlap', attempt: 1 });
  // It stands, however often the delivery comes while the other run is at work.
  expect((await deliver()).body).toMatchObject({ outcome: 'skipped_overlap', attempt: 0 });
  expect(await record()).toMatchObject({ outcome: 'skipped_overlap', attempt: 1 });
  await world.redis.del(`lease:${chore.name}`);
  expect((await deliver()).body).toMatchObject({ outcome: 'succeeded', attempt: 2 });
  const overlap = { attempt: 1, outcome: 'skipped_overlap' };
  expect(await record()).toMatchObject({ outcome: 'succeeded', attempt: 2, attempts: [overlap] });
});
