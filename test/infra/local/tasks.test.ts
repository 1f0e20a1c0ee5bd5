import type { IncomingHttpHeaders } from 'node:http';
import { CloudTasksClient, type protos } from '@google-cloud/tasks';
import { PassThroughClient } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../../../infra/local/loopback-server.ts';
import type { Disturbance } from '../../../infra/local/tasks/dispatch.ts';
import { type LocalTasks, startLocalTasks } from '../../../infra/local/tasks/tasks.ts';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import { queueFlags, type WantedQueue, wantedQueues } from '../../../infra/scheduler/queue.ts';
import { gcloudHome, programOrSkip } from '../../support/google/gcloud.ts';

const PARENT = 'projects/demo/locations/europe-west1';
const QUEUE = `${PARENT}/queues/chores`;

type TaskInput = protos.google.cloud.tasks.v2.ITask;

let now: Date;
let statuses: number[];
let retryAfter: string;
let gate: Promise<void>;
let got: { headers: IncomingHttpHeaders; body: string; method: string | undefined }[];
let atOnce: number;
let most: number;
let whenAtOnce: { count: number; tell: () => void };
let disturbances: (Disturbance | null)[];
let target: LoopbackServer;
let tasks: LocalTasks;
let client: CloudTasksClient;

beforeEach(async () => {
  [now, statuses, got, disturbances] = [new Date('2026-03-02T08:00:00Z'), [], [], []];
  [retryAfter, gate, atOnce, most] = ['0', Promise.resolve(), 0, 0];
  whenAtOnce = { count: Number.POSITIVE_INFINITY, tell: () => undefined };
  target = await serveLoopback(0, async (request, response, body) => {
    got.push({ headers: request.headers, body, method: request.method });
    atOnce += 1;
    most = Math.max(most, atOnce);
    if (atOnce === whenAtOnce.count) whenAtOnce.tell();
    const status = statuses.shift() ?? 200;
    await gate;
    atOnce -= 1;
    response.writeHead(status, { 'retry-after': retryAfter }).end();
  });
  tasks = await startLocalTasks({
    clock: () => now,
    signOidc: async (email, audience) => `signed.${email}.${audience}`,
    firing: false,
    disturb: () => disturbances.shift() ?? null,
  });
  client = new CloudTasksClient({
    fallback: true,
    protocol: 'http',
    apiEndpoint: '127.0.0.1',
    port: Number(new URL(tasks.url).port),
    // Two installed copies of google-auth-library may differ in their types.
    authClient: new PassThroughClient() as never,
  });
});
afterEach(async () => {
  await client.close();
  await tasks.stop();
  await target.stop();
});

const makeQueue = async (change: protos.google.cloud.tasks.v2.IQueue = {}) =>
  (await client.createQueue({ parent: PARENT, queue: { name: QUEUE, ...change } }))[0];
const put = async (id: string, change: TaskInput = {}) => {
  const httpRequest = { url: `${target.url}/act`, httpMethod: 'POST' as const, ...change.httpRequest };
  const task = { ...change, name: `${QUEUE}/tasks/${id}`, httpRequest };
  return (await client.createTask({ parent: QUEUE, task }))[0];
};
const ids = () => got.map(({ headers }) => headers['x-cloudtasks-taskname']);
const later = async (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1000);
  await tasks.tick();
};

describe('queues, through the official client', () => {
  it("are created with the service's defaults, listed, changed by a mask, paused and resumed", async () => {
    const made = await makeQueue();
    expect(made).toMatchObject({
      name: QUEUE,
      state: 'RUNNING',
      rateLimits: { maxDispatchesPerSecond: 500, maxConcurrentDispatches: 1000, maxBurstSize: 100 },
      retryConfig: { maxAttempts: 100, maxDoublings: 16 },
    });
    await expect(makeQueue()).rejects.toMatchObject({ code: 6 });
    const [changed] = await client.updateQueue({
      queue: { name: QUEUE, rateLimits: { maxConcurrentDispatches: 4 }, retryConfig: { maxAttempts: 3 } },
      updateMask: { paths: ['rate_limits.max_concurrent_dispatches'] },
    });
    expect(changed).toMatchObject({
      rateLimits: { maxDispatchesPerSecond: 500, maxConcurrentDispatches: 4 },
      retryConfig: { maxAttempts: 100 },
    });
    expect((await client.pauseQueue({ name: QUEUE }))[0].state).toBe('PAUSED');
    await put('one');
    await later(1);
    expect(got).toEqual([]);
    await client.resumeQueue({ name: QUEUE });
    await later(1);
    expect(ids()).toEqual(['one']);
    const [all] = await client.listQueues({ parent: PARENT });
    expect(all.map(({ name }) => name)).toEqual([QUEUE]);
  });

  it("reject what the service rejects, and a deleted queue's name for a week", async () => {
    await expect(makeQueue({ name: `${PARENT}/queues/with_underscore` })).rejects.toMatchObject({ code: 3 });
    await expect(makeQueue({ rateLimits: { maxDispatchesPerSecond: 501 } })).rejects.toMatchObject({
      code: 3,
    });
    await expect(put('early')).rejects.toMatchObject({ code: 5 });
    await makeQueue();
    await client.deleteQueue({ name: QUEUE });
    await expect(makeQueue()).rejects.toMatchObject({ code: 9 });
    now = new Date('2026-03-09T08:00:01Z');
    await makeQueue();
  });
});

describe('tasks', () => {
  it('are read without their body, with it in the full view, listed and deleted', async () => {
    await makeQueue();
    const made = await put('b', { httpRequest: { body: Buffer.from('{"a":1}') } });
    expect(made).toMatchObject({ view: 'BASIC', dispatchCount: 0 });
    await put('a');
    const [basic] = await client.getTask({ name: `${QUEUE}/tasks/b` });
    const [full] = await client.getTask({ name: `${QUEUE}/tasks/b`, responseView: 'FULL' });
    expect(Buffer.from(basic.httpRequest?.body ?? '')).toHaveLength(0);
    expect(Buffer.from(full.httpRequest?.body as Uint8Array).toString()).toBe('{"a":1}');
    const [all] = await client.listTasks({ parent: QUEUE });
    expect(all.map(({ name }) => name?.split('/').pop())).toEqual(['a', 'b']);
    await client.deleteTask({ name: `${QUEUE}/tasks/a` });
    await later(1);
    expect(ids()).toEqual(['b']);
    await expect(client.getTask({ name: `${QUEUE}/tasks/b` })).rejects.toMatchObject({ code: 5 });
  });

  it('are refused under a used name while its task waits and for an hour after its end', async () => {
    await makeQueue();
    await put('once');
    await expect(put('once')).rejects.toMatchObject({ code: 6 });
    await later(1);
    await expect(put('once')).rejects.toMatchObject({ code: 6 });
    await put('deleted');
    await client.deleteTask({ name: `${QUEUE}/tasks/deleted` });
    await expect(put('deleted')).rejects.toMatchObject({ code: 6 });
    now = new Date(now.getTime() + 3_600_001);
    await put('once');
    await later(1);
    expect(ids()).toEqual(['once', 'once']);
  });

  it("wait for their time, and are rejected by the service's rules", async () => {
    await makeQueue();
    await put('later', { scheduleTime: { seconds: now.getTime() / 1000 + 60 } });
    await later(59);
    expect(got).toEqual([]);
    await later(1);
    expect(ids()).toEqual(['later']);
    const bad: TaskInput[] = [
      { dispatchDeadline: { seconds: 14 } },
      { dispatchDeadline: { seconds: 1801 } },
      { httpRequest: { url: 'ftp://x' } },
      { httpRequest: { url: target.url, httpMethod: 'GET', body: Buffer.from('x') } },
      { scheduleTime: { seconds: now.getTime() / 1000 + 31 * 86_400 } },
    ];
    for (const change of bad) await expect(put('bad', change)).rejects.toMatchObject({ code: 3 });
    await expect(put('no/slash')).rejects.toMatchObject({ code: 3 });
  });

  it('carry the documented headers, and OIDC instead of any Authorization', async () => {
    await makeQueue();
    await put('one', {
      httpRequest: {
        body: Buffer.from('hello'),
        headers: { Authorization: 'mine', 'X-Own': '1', 'X-CloudTasks-TaskRetryCount': '7' },
        oidcToken: { serviceAccountEmail: 'tasks@demo.test', audience: 'https://f.test' },
      },
    });
    await tasks.tick();
    expect(got).toMatchObject([{ method: 'POST', body: 'hello' }]);
    expect(got[0]?.headers).toMatchObject({
      'user-agent': 'Google-Cloud-Tasks',
      'x-cloudtasks-queuename': 'chores',
      'x-cloudtasks-taskname': 'one',
      'x-cloudtasks-taskretrycount': '0',
      'x-cloudtasks-taskexecutioncount': '0',
      'x-cloudtasks-tasketa': '1772438400',
      authorization: 'Bearer signed.tasks@demo.test.https://f.test',
      'x-own': '1',
    });
  });
});

describe('dispatching', () => {
  it('repeats a failed attempt with doubling waits, respects Retry-After, and gives up in the end', async () => {
    await makeQueue({
      retryConfig: {
        maxAttempts: 4,
        minBackoff: { seconds: 10 },
        maxBackoff: { seconds: 60 },
        maxDoublings: 1,
      },
    });
    await put('one');
    statuses = [500, 503, 500, 500, 200];
    await tasks.tick();
    await later(9);
    expect(got).toHaveLength(1);
    retryAfter = '35';
    await later(1);
    expect(got).toHaveLength(2);
    retryAfter = '0';
    await later(34);
    expect(got).toHaveLength(2);
    await later(1);
    expect(tasks.tasks()).toMatchObject([
      { dispatchCount: 3, lastAttempt: { responseStatus: { code: 13, message: 'HTTP 500' } } },
    ]);
    // Doubled once, then in equal steps: 10, 20, 40 seconds.
    await later(39);
    expect(got).toHaveLength(3);
    await later(1);
    expect(got.map(({ headers }) => headers['x-cloudtasks-taskretrycount'])).toEqual(['0', '1', '2', '3']);
    expect(tasks.tasks()).toEqual([]);
  });

  it('respects the rate and the concurrency of its queue', async () => {
    await makeQueue({ rateLimits: { maxDispatchesPerSecond: 10, maxConcurrentDispatches: 3 } });
    for (let index = 0; index < 8; index += 1) await put(`t${index}`);
    await tasks.tick();
    // A burst of two, then one every tenth of a second.
    expect(got).toHaveLength(2);
    await later(0.1);
    expect(got).toHaveLength(3);
    await client.updateQueue({
      queue: { name: QUEUE, rateLimits: { maxDispatchesPerSecond: 500 } },
      updateMask: { paths: ['rate_limits.max_dispatches_per_second'] },
    });
    const full = Promise.withResolvers<void>();
    gate = full.promise;
    whenAtOnce = { count: 3, tell: full.resolve };
    await later(3600);
    expect([got.length, most]).toEqual([8, 3]);
  });

  it('counts a missing target as a failed attempt and drops the task after the last one', async () => {
    await makeQueue({ retryConfig: { maxAttempts: 1 } });
    await put('one', { httpRequest: { url: 'http://127.0.0.1:9/nobody' } });
    await tasks.tick();
    expect([got, tasks.tasks()]).toEqual([[], []]);
  });

  it("doubles a delivery, drops it or loses its answer at a test's request", async () => {
    await makeQueue({ retryConfig: { minBackoff: { seconds: 1 } } });
    disturbances = ['twice', 'never', 'unacknowledged', null];
    for (const id of ['a', 'b', 'c', 'd']) await put(id);
    await tasks.tick();
    expect(ids().sort()).toEqual(['a', 'a', 'c', 'd']);
    expect(tasks.tasks().map(({ name }) => name.split('/').pop())).toEqual(['c']);
    await later(1);
    expect(ids().sort()).toEqual(['a', 'a', 'c', 'c', 'd']);
    expect(tasks.tasks()).toEqual([]);
  });
});

describe.skipIf(!programOrSkip('gcloud', 'the local Cloud Tasks with gcloud'))('real gcloud', () => {
  it('creates a queue, changes it and adds a task', async () => {
    const gcloud = await gcloudHome({ endpoint: `${tasks.url}/`, project: 'demo' });
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await gcloud.run(['tasks', ...args, '--location=europe-west1']);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      return stdout;
    };
    const [wanted] = wantedQueues(readSchedule().functions);
    await run('queues', 'create', 'chores', ...queueFlags(wanted as WantedQueue));
    await run('queues', 'update', 'chores', '--max-attempts=2');
    const [queue] = await client.getQueue({ name: QUEUE });
    expect(queue).toMatchObject({
      rateLimits: { maxDispatchesPerSecond: 20, maxConcurrentDispatches: 8 },
      retryConfig: { maxAttempts: 2, minBackoff: { seconds: '35' }, maxBackoff: { seconds: '35' } },
    });
    await run('create-http-task', 'by-hand', '--queue=chores', `--url=${target.url}/act`);
    await tasks.tick();
    expect(ids()).toEqual(['by-hand']);
    await gcloud.remove();
  });
});
