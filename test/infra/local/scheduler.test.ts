import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CloudSchedulerClient } from '@google-cloud/scheduler';
import { PassThroughClient } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../../../infra/local/loopback-server.ts';
import { type LocalScheduler, startLocalScheduler } from '../../../infra/local/scheduler/scheduler.ts';

const PARENT = 'projects/demo/locations/europe-west1';
const NAME = `${PARENT}/jobs/round`;
const START = '2026-03-02T08:01:00Z';

let now: Date;
let statuses: number[];
let gate: Promise<void>;
let got: { headers: IncomingHttpHeaders; body: string; method: string | undefined }[];
let target: LoopbackServer;
let scheduler: LocalScheduler;
let client: CloudSchedulerClient;

beforeEach(async () => {
  [now, statuses, gate, got] = [new Date(START), [], Promise.resolve(), []];
  target = await serveLoopback(0, async (request, response, body) => {
    got.push({ headers: request.headers, body, method: request.method });
    const status = statuses.shift() ?? 200;
    await gate;
    response.writeHead(status, { 'retry-after': '9999' }).end();
  });
  const signOidc = async (email: string, audience: string) => `signed.${email}.${audience}`;
  scheduler = await startLocalScheduler({ clock: () => now, signOidc, firing: false });
  client = new CloudSchedulerClient({
    fallback: true,
    protocol: 'http',
    apiEndpoint: '127.0.0.1',
    port: Number(new URL(scheduler.url).port),
    // Two installed copies of google-auth-library may differ in their types.
    authClient: new PassThroughClient() as never,
  });
});
afterEach(async () => {
  await client.close();
  await scheduler.stop();
  await target.stop();
});

type JobInput = Parameters<CloudSchedulerClient['createJob']>[0] & object;
const create = async (change: JobInput['job'] = {}) => {
  const httpTarget = { uri: `${target.url}/task`, httpMethod: 'POST' as const, body: Buffer.from('{"a":1}') };
  const job = { name: NAME, schedule: '*/5 * * * *', timeZone: 'UTC', httpTarget, ...change };
  return (await client.createJob({ parent: PARENT, job }))[0];
};
const at = async (iso: string) => {
  now = new Date(iso);
  await scheduler.tick();
};
const times = () => got.map(({ headers }) => headers['x-cloudscheduler-scheduletime']);
const next = () => scheduler.jobs()[0]?.scheduleTime;

describe('the API, through the official client', () => {
  it('normalises a new job like the real service', async () => {
    const oidcToken = { serviceAccountEmail: 'cron@demo.test' };
    const retryConfig = { retryCount: 0, maxDoublings: 0, minBackoffDuration: { seconds: 0 } };
    await create({ httpTarget: { uri: target.url, body: Buffer.from('x'), oidcToken }, retryConfig });
    expect(scheduler.jobs()[0]).toMatchObject({
      state: 'ENABLED',
      scheduleTime: '2026-03-02T08:05:00Z',
      attemptDeadline: '180s',
      httpTarget: {
        uri: `${target.url}/`,
        httpMethod: 'POST',
        headers: { 'Content-Type': 'application/octet-stream', 'User-Agent': 'Google-Cloud-Scheduler' },
        oidcToken: { audience: `${target.url}/` },
      },
      retryConfig: {
        maxDoublings: 5,
        minBackoffDuration: '5s',
        maxBackoffDuration: '3600s',
        maxRetryDuration: '0s',
      },
    });
    expect(scheduler.jobs()[0]?.retryConfig).not.toHaveProperty('retryCount');
  });

  it('lists in pages, reads, deletes, and answers 404, 409 and 400', async () => {
    for (const id of ['c', 'a', 'b']) await create({ name: `${PARENT}/jobs/${id}` });
    const [all] = await client.listJobs({ parent: PARENT, pageSize: 2 });
    expect(all.map((job) => job.name?.split('/').pop())).toEqual(['a', 'b', 'c']);
    await expect(create({ name: `${PARENT}/jobs/a` })).rejects.toMatchObject({ code: 6 });
    await client.deleteJob({ name: `${PARENT}/jobs/a` });
    await expect(client.getJob({ name: `${PARENT}/jobs/a` })).rejects.toMatchObject({ code: 5 });
    const bad = [
      { schedule: '61 * * * *' },
      { schedule: '0 0 L * *' },
      { schedule: '@daily' },
      { timeZone: 'Mars/X' },
    ];
    const limits = [{ attemptDeadline: { seconds: 1860 } }, { retryConfig: { retryCount: 6 } }];
    for (const change of [...bad, ...limits]) await expect(create(change)).rejects.toMatchObject({ code: 3 });
    await expect(client.listJobs({ parent: 'projects/demo/locations/mars' })).rejects.toMatchObject({
      code: 5,
    });
  });

  it('changes only the fields of the mask', async () => {
    await create({ description: 'old', retryConfig: { retryCount: 2 } });
    const patch = async (paths: string[], job: JobInput['job']) =>
      (await client.updateJob({ job: { ...job, name: NAME }, updateMask: { paths } }))[0];
    await patch(['description'], { description: 'new', schedule: '0 0 * * *' });
    expect(scheduler.jobs()[0]).toMatchObject({ description: 'new', schedule: '*/5 * * * *' });
    await patch(['schedule', 'time_zone'], { schedule: '0 6 * * *', timeZone: 'Europe/Paris' });
    expect(next()).toBe('2026-03-03T05:00:00Z');
    await patch(['attempt_deadline'], { attemptDeadline: { seconds: 540 } });
    await patch(['retry_config.min_backoff_duration'], {
      retryConfig: { minBackoffDuration: { seconds: 40 } },
    });
    await patch(['http_target.uri'], { httpTarget: { uri: 'http://127.0.0.1:9/x' } });
    await patch(['http_target.headers'], { httpTarget: { headers: { a_b: '1' } } });
    await patch(['httpTarget.httpMethod'], { httpTarget: { httpMethod: 'PUT' } });
    expect(scheduler.jobs()[0]).toMatchObject({
      attemptDeadline: '540s',
      retryConfig: { retryCount: 2, minBackoffDuration: '40s' },
      httpTarget: {
        uri: 'http://127.0.0.1:9/x',
        httpMethod: 'PUT',
        headers: { a_b: '1' },
        body: 'eyJhIjoxfQ==',
      },
    });
    await expect(patch(['state'], { state: 'PAUSED' })).rejects.toMatchObject({ code: 3 });
  });

  it('does not fire while paused and continues from the instant of resuming', async () => {
    await create();
    await client.pauseJob({ name: NAME });
    await expect(client.pauseJob({ name: NAME })).rejects.toMatchObject({ code: 9 });
    await at('2026-03-02T08:07:00Z');
    await client.resumeJob({ name: NAME });
    await at('2026-03-02T08:08:00Z');
    expect([got.length, next()]).toEqual([0, '2026-03-02T08:10:00Z']);
  });
});

describe('firing', () => {
  it('sends the documented headers, and OIDC instead of any Authorization', async () => {
    const headers = { Authorization: 'mine', 'X-Own': '1', 'User-Agent': 'me' };
    const oidcToken = { serviceAccountEmail: 'cron@demo.test', audience: 'https://f.test' };
    await create({ httpTarget: { uri: target.url, body: Buffer.from('hello'), headers, oidcToken } });
    await scheduler.tick();
    expect(got).toEqual([]);
    await at('2026-03-02T08:05:00Z');
    expect(got).toMatchObject([{ method: 'POST', body: 'hello' }]);
    expect(got[0]?.headers).toMatchObject({
      'user-agent': 'Google-Cloud-Scheduler',
      'content-type': 'application/octet-stream',
      'x-cloudscheduler': 'true',
      'x-cloudscheduler-jobname': 'round',
      'x-cloudscheduler-scheduletime': '2026-03-02T00:05:00-08:00',
      authorization: 'Bearer signed.cron@demo.test.https://f.test',
      'x-own': '1',
    });
    expect(scheduler.jobs()[0]).toMatchObject({ lastAttemptTime: '2026-03-02T08:05:00Z', status: {} });
  });

  it('retries with doubling back-off under one ScheduleTime and ignores Retry-After', async () => {
    const minBackoffDuration = { seconds: 10 };
    await create({ schedule: '0 * * * *', retryConfig: { retryCount: 2, minBackoffDuration } });
    statuses = [503, 500, 500];
    await at('2026-03-02T09:00:00Z');
    expect(scheduler.jobs()[0]?.status).toEqual({ code: 14 });
    await at('2026-03-02T09:00:09Z');
    expect(got.length).toBe(1);
    await at('2026-03-02T09:00:10Z');
    await at('2026-03-02T09:00:29Z');
    expect(got.length).toBe(2);
    for (const time of ['09:00:30', '09:30:00']) await at(`2026-03-02T${time}Z`);
    expect(times()).toEqual(Array(3).fill('2026-03-02T01:00:00-08:00'));
    expect(scheduler.jobs()[0]?.status).toEqual({ code: 13 });
  });

  it('ends the retries at the next occurrence', async () => {
    await create({
      schedule: '* * * * *',
      retryConfig: { retryCount: 5, minBackoffDuration: { seconds: 60 } },
    });
    statuses = [500];
    await at('2026-03-02T08:02:00Z');
    await at('2026-03-02T08:03:00Z');
    expect(times()).toEqual(['2026-03-02T00:02:00-08:00', '2026-03-02T00:03:00-08:00']);
  });

  it('gives a forced run the next occurrence, which still fires', async () => {
    await create();
    await client.runJob({ name: NAME });
    await scheduler.idle();
    await at('2026-03-02T08:05:00Z');
    expect(times()).toEqual(Array(2).fill('2026-03-02T00:05:00-08:00'));
  });

  it('delays an occurrence while an execution of the job is outstanding', async () => {
    await create();
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    now = new Date('2026-03-02T08:05:00Z');
    const first = scheduler.tick();
    await at('2026-03-02T08:12:00Z');
    expect(times().length).toBeLessThanOrEqual(1);
    open();
    await first;
    await scheduler.tick();
    expect(times()).toEqual(['2026-03-02T00:05:00-08:00', '2026-03-02T00:10:00-08:00']);
  });

  it.each([
    ['spring', '30 2 * * *', '2026-03-28T12:00:00Z', ['2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z']],
    ['autumn', '30 2 * * *', '2026-10-24T12:00:00Z', ['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z']],
    ['spring', '0 6 * * *', '2026-03-28T12:00:00Z', ['2026-03-29T04:00:00Z', '2026-03-30T04:00:00Z']],
    ['autumn', '0 6 * * *', '2026-10-24T12:00:00Z', ['2026-10-25T05:00:00Z', '2026-10-26T05:00:00Z']],
  ])(
    'keeps wall-clock time in Paris when the clocks change in %s: %s',
    async (_, schedule, from, expected) => {
      now = new Date(from);
      await create({ schedule, timeZone: 'Europe/Paris' });
      for (const time of expected) {
        expect(next()).toBe(time);
        await at(time);
      }
      expect(times().map((time) => Date.parse(String(time)))).toEqual(
        expected.map((time) => Date.parse(time)),
      );
    },
  );
});

const gcloud = (() => {
  try {
    return execFileSync('sh', ['-c', 'command -v gcloud'], { encoding: 'utf8' }).trim();
  } catch {
    console.warn('SKIPPED: gcloud is not on PATH; no test uses it with the local scheduler');
    return '';
  }
})();

describe.skipIf(!gcloud)('real gcloud', () => {
  it('lists and runs jobs', async () => {
    await create();
    const config = await mkdtemp(join(tmpdir(), 'gcloud-'));
    await writeFile(join(config, 'token'), 'made-up');
    const env = {
      ...process.env,
      CLOUDSDK_CONFIG: config,
      CLOUDSDK_CORE_PROJECT: 'demo',
      CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: join(config, 'token'),
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER: `${scheduler.url}/`,
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
      CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: 'true',
      CLOUDSDK_CORE_CHECK_GCE_METADATA: 'false',
    };
    const jobs = (...args: string[]) =>
      promisify(execFile)(gcloud, ['scheduler', 'jobs', ...args, '--location=europe-west1'], { env });
    const listed = JSON.parse((await jobs('list', '--format=json')).stdout) as { name: string }[];
    expect(listed.map((job) => job.name)).toEqual([NAME]);
    await jobs('run', 'round');
    await scheduler.idle();
    expect(times()).toEqual(['2026-03-02T00:05:00-08:00']);
    await rm(config, { recursive: true });
  });
});
