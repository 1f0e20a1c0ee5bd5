import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Timestamp } from '@google-cloud/firestore';
import { http as register } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLocalScheduler } from '../../../infra/local/scheduler/scheduler.ts';
import { taskHandler } from '../../../shared/runtime/handler.ts';
import type { Task } from '../../../shared/runtime/task.ts';
import { NOW, startWorld, type World } from '../../support/world.ts';

const acted: string[] = [];

interface Types {
  params: Record<never, never>;
  candidate: { id: string };
  run: undefined;
  facts: undefined;
  reason: 'due';
  plan: undefined;
}

/** A daily task, as the alerts will be: what it must do today cannot wait for tomorrow. */
const nightly: Task<Types> = {
  name: 'nightly-chore',
  route: '/nightly-chore',
  methods: ['POST'],
  params: {},
  language: 'en',
  onOverlap: 'retry',
  budgetSeconds: 60,
  batchSize: 1,
  concurrency: 1,
  async *find() {
    yield { id: 'one' };
  },
  decide: () => ({ act: true, reason: 'due' }),
  act: async (decided) => {
    acted.push(...decided.map(({ candidate: { id } }) => id));
    return decided.map(() => ({ outcome: 'acted' }));
  },
  reply: () => ({}),
};

const LEASE = 'lease:nightly-chore';
let world: World;
let server: Server;

beforeAll(async () => {
  world = await startWorld();
  register(
    nightly.name,
    taskHandler(nightly, () => world.deps),
  );
  server = getTestServer(nightly.name);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await world.stop();
});

it("finishes a run that was killed right after it took its lease by Scheduler's retries", async () => {
  const scheduler = await startLocalScheduler({
    clock: world.clock,
    firing: false,
    signOidc: (email, audience) => world.issuer.googleToken({ email, audience }),
  });
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/nightly-chore`;
  const email = world.environment['SCHEDULER_SERVICE_ACCOUNT'];
  const created = await fetch(`${scheduler.url}/v1/projects/p/locations/europe-west1/jobs`, {
    method: 'POST',
    body: JSON.stringify({
      name: 'projects/p/locations/europe-west1/jobs/nightly-chore',
      schedule: '5 10 * * *',
      timeZone: 'Etc/UTC',
      retryConfig: { retryCount: 3, minBackoffDuration: '20s', maxBackoffDuration: '20s', maxDoublings: 1 },
      httpTarget: { uri, httpMethod: 'POST', oidcToken: { serviceAccountEmail: email, audience: world.url } },
    }),
  });
  expect(created.status).toBe(200);

  const id = 'nightly-chore@2026-03-04T10:05:00.000Z';
  const killed = { task: nightly.name, attempt: 1, outcome: null, started_at: Timestamp.fromDate(NOW) };
  await world.store.doc(`task_runs/${id}`).set(killed);
  await world.redis.set(LEASE, 'the killed run', { px: 30_000 });
  const run = async () => (await world.store.doc(`task_runs/${id}`).get()).data();

  world.clock.set(new Date('2026-03-04T10:05:00Z'));
  await scheduler.tick();
  expect(acted).toEqual([]);
  expect(scheduler.jobs()[0]?.status).toMatchObject({ code: 14 });
  expect(await run()).toMatchObject({ attempt: 1, outcome: null });

  await world.redis.del(LEASE);
  world.clock.advance(20_000);
  await scheduler.tick();
  expect(acted).toEqual(['one']);
  expect(await run()).toMatchObject({
    attempt: 2,
    outcome: 'succeeded',
    attempts: [{ attempt: 1, outcome: 'abandoned' }],
  });

  world.clock.advance(60_000);
  await scheduler.tick();
  expect(acted).toEqual(['one']);
  await scheduler.stop();
});

it('answers 503 to a scheduled delivery that finds the lease held, and `skipped_overlap` to a manual one', async () => {
  await world.redis.set(LEASE, 'another run', { px: 30_000 });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const headers = { 'X-Cron-Secret': world.secret };
  const at = world.clock().toISOString();
  const scheduled = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'X-CloudScheduler-ScheduleTime': at },
  });
  expect([scheduled.status, scheduled.headers.get('retry-after')]).toEqual([503, '35']);
  const manual = await fetch(url, { method: 'POST', headers });
  expect([manual.status, await manual.json()]).toMatchObject([200, { outcome: 'skipped_overlap' }]);
  await world.redis.del(LEASE);
});
