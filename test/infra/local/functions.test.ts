import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mounted } from '../../../functions/registry.ts';
import { OPERATOR, SCHEDULER_ACCOUNT } from '../../../infra/local/environment.ts';
import { type LocalFunctions, startLocalFunctions } from '../../../infra/local/functions/functions.ts';
import { type LocalScheduler, startLocalScheduler } from '../../../infra/local/scheduler/scheduler.ts';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import { wantedJobs } from '../../../infra/scheduler/job.ts';
import { GCLOUD_CLIENT } from '../../../shared/doors/auth/token.ts';
import { type GcloudHome, gcloudHome, programOrSkip } from '../../support/google/gcloud.ts';
import { dump, NOW, seed, startWorld, visit, type World } from '../../support/world.ts';

const [project, region] = ['demo', 'europe-west1'];
const BASE = `/v2/projects/${project}/locations/${region}/functions`;
const TASK = 'close-inactive-visits';
const names = [...new Set(mounted.map(({ name }) => name))].sort();

let world: World;
let functions: LocalFunctions;
let scheduler: LocalScheduler;

beforeAll(async () => {
  world = await startWorld();
  functions = await startLocalFunctions({
    project,
    region,
    gateway: world.url,
    signOperator: () => world.issuer.googleToken({ email: OPERATOR, audience: GCLOUD_CLIENT }),
  });
  scheduler = await startLocalScheduler({
    clock: world.clock,
    firing: false,
    signOidc: (email, audience) => world.issuer.googleToken({ email, audience }),
  });
  const context = {
    project,
    region,
    urlOf: () => world.url,
    schedulerServiceAccount: SCHEDULER_ACCOUNT,
    cronSecret: world.secret,
  };
  for (const { body } of wantedJobs(readSchedule(), context)) {
    const jobs = `${scheduler.url}/v1/projects/${project}/locations/${region}/jobs`;
    expect((await fetch(jobs, { method: 'POST', body: JSON.stringify(body) })).status).toBe(200);
  }
});
afterAll(async () => {
  await scheduler?.stop();
  await functions?.stop();
  await world?.stop();
});

const get = async (path: string) => {
  const response = await fetch(functions.url + path);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const shortNames = (list: unknown) =>
  (list as { name: string }[]).map(({ name }) => name.split('/').at(-1)).sort();
const call = async (path: string, headers: Record<string, string>, body: object = { dry_run: true }) => {
  const response = await fetch(functions.uriOf(TASK) + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: bodies are checked field by field
  return { status: response.status, body: (await response.json()) as any };
};

describe('the API', () => {
  it('lists every function in pages and describes one by infra/scheduler.yaml', async () => {
    const all = await get(BASE);
    expect(shortNames(all.body.functions)).toEqual(names);
    const first = await get(`${BASE}?pageSize=1`);
    expect(shortNames(first.body.functions)).toHaveLength(1);
    const rest = await get(`${BASE}?pageToken=${first.body.nextPageToken}`);
    expect(shortNames([...(first.body.functions as []), ...(rest.body.functions as [])])).toEqual(names);
    const one = await get(`${BASE}/${TASK}`);
    expect(one).toMatchObject({
      status: 200,
      body: {
        state: 'ACTIVE',
        environment: 'GEN_2',
        buildConfig: { runtime: 'nodejs24', entryPoint: TASK },
        serviceConfig: {
          timeoutSeconds: 300,
          availableMemory: '512Mi',
          maxInstanceRequestConcurrency: 1,
          uri: functions.uriOf(TASK),
        },
      },
    });
    expect(JSON.stringify(one.body)).not.toContain(world.secret);
  });

  it('knows no other projects, regions and names, and changes nothing', async () => {
    expect((await get(`/v2/projects/${project}/locations/us-central1/functions`)).body).toEqual({
      functions: [],
    });
    expect((await get(`/v2/projects/other/locations/-/functions`)).body).toEqual({ functions: [] });
    expect(await get(`${BASE}/nobody`)).toMatchObject({
      status: 404,
      body: { error: { status: 'NOT_FOUND' } },
    });
    expect((await get(`${BASE}?pageToken=x`)).status).toBe(400);
    expect((await get('/v2/%ff')).status).toBe(400);
    const removed = await fetch(`${functions.url}${BASE}/${TASK}`, { method: 'DELETE' });
    expect(removed.status).toBe(404);
  });
});

describe('the address of a function', () => {
  it("accepts gcloud's placeholder as an operator, who may run a task", async () => {
    const { status, body } = await call('', { authorization: 'Bearer None' }, {});
    expect(status).toBe(200);
    const record = await world.store.doc(`task_runs/${body.run_id}`).get();
    expect(record.data()).toMatchObject({ trigger: 'operator', requested_by: OPERATOR });
  });

  it('answers with the query at its root and at its route', async () => {
    const authorization = 'Bearer None';
    const root = await call('?inactivity_minutes=45', { authorization });
    const route = await call('/api/v1/monitoring/close-inactive-visits?inactivity_minutes=45', {
      authorization,
    });
    for (const answer of [root, route])
      expect(answer).toMatchObject({ status: 200, body: { inactivity_minutes: 45, dry_run: true } });
  });

  it("passes other credentials and none unchanged to the function's authentication", async () => {
    expect((await call('', {})).status).toBe(401);
    expect((await call('', { authorization: `Bearer ${'x'.repeat(40)}` })).status).toBe(403);
    expect((await call('', { authorization: `Bearer ${await world.issuer.foreignToken()}` })).status).toBe(
      401,
    );
    const user = await world.issuer.userToken('usertest1');
    expect((await call('', { authorization: `Bearer ${user}` })).status).toBe(403);
    expect(await call('', { 'x-cron-secret': world.secret })).toMatchObject({ status: 200 });
  });

  it.each(['/api/v1/visits', '/api/v1/monitoring/close-inactive-visits/../../visits', '/nothing'])(
    'does not lead to another function through %s',
    async (path) => {
      expect((await call(path, { authorization: 'Bearer None' })).status).toBe(404);
    },
  );

  it('answers 404 for an unknown function', async () => {
    expect((await fetch(`${functions.url}/call/nobody`, { method: 'POST' })).status).toBe(404);
  });
});

describe.skipIf(!programOrSkip('gcloud', 'gcloud against the local cloud'))('gcloud', () => {
  let gcloud: GcloudHome;
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await gcloud.run([...args, '--format=json']);
    expect(stderr).not.toContain('ERROR');
    expect(code).toBe(0);
    return JSON.parse(stdout);
  };

  beforeAll(async () => {
    gcloud = await gcloudHome({ endpoint: `${functions.url}/`, project });
    gcloud.env.CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER = `${scheduler.url}/`;
  });
  afterAll(() => gcloud?.remove());

  it('functions list and describe show the same functions as the API', async () => {
    expect(shortNames(await json('functions', 'list'))).toEqual(names);
    expect(await json('functions', 'describe', TASK, '--gen2', `--region=${region}`)).toMatchObject({
      serviceConfig: { uri: functions.uriOf(TASK) },
    });
  });

  it('functions call with dry_run reports visits to close and writes nothing', async () => {
    await seed(world.store, 'page_visits', new Map([['by-hand', visit(120, 90)]]));
    const before = await dump(world.store, world.redis);
    const args = ['functions', 'call', TASK, '--gen2', `--region=${region}`];
    const answer: string = await json(...args, '--data={"dry_run":true}');
    expect(JSON.parse(answer)).toMatchObject({ dry_run: true, would_close_count: 1, closed_count: 0 });
    expect(await dump(world.store, world.redis)).toBe(before);
    const wrong = await gcloud.run([...args, '--data={"inactivity_minutes":0}']);
    expect(wrong.code).not.toBe(0);
  });

  it('scheduler jobs list shows the jobs, and a forced run does the work', async () => {
    const jobs = await json('scheduler', 'jobs', 'list', `--location=${region}`);
    expect(shortNames(jobs)).toEqual(
      readSchedule()
        .jobs.map((job) => job.function)
        .sort(),
    );
    await seed(world.store, 'page_visits', new Map([['forced', visit(120, 90)]]));
    const { code } = await gcloud.run(['scheduler', 'jobs', 'run', TASK, `--location=${region}`]);
    expect(code).toBe(0);
    await scheduler.idle();
    expect((await world.store.doc('page_visits/forced').get()).get('close_reason')).toBe('timeout');
    const { docs } = await world.store.collection('task_runs').where('trigger', '==', 'scheduler').get();
    expect(docs.map((doc) => doc.get('occurrence'))).toEqual([null]);
    expect(docs[0]?.get('started_at').toDate()).toEqual(NOW);
  });
});
