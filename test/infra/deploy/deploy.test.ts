import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildFunctions } from '../../../infra/build.ts';
import { OPERATOR } from '../../../infra/local/environment.ts';
import { type LocalFunctions, startLocalFunctions } from '../../../infra/local/functions/functions.ts';
import { type LocalScheduler, startLocalScheduler } from '../../../infra/local/scheduler/scheduler.ts';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import { GCLOUD_CLIENT } from '../../../shared/doors/auth/token.ts';
import {
  type Asked,
  type FakeGoogle,
  googleError,
  startFakeGoogle,
} from '../../support/google/fake-google.ts';
import { type GcloudHome, gcloudHome, programOrSkip, runProgram } from '../../support/google/gcloud.ts';
import { dump, startWorld, type World } from '../../support/world.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PLACE = ['--project', 'demo', '--region', 'europe-west1'];
/** gcloud needs a second per command, and much more on a busy machine. */
const GCLOUD_MS = 600_000;

const STEPS = ['tools', 'plan', 'APIs', 'accounts', 'secrets', 'Firestore', 'queues', 'build'];
const { functions } = readSchedule();
const names = functions.map(({ name }) => name);
const secrets = [...new Set(functions.flatMap((entry) => Object.values(entry.secrets)))];

let world: World;
let local: LocalFunctions;
let scheduler: LocalScheduler;
let google: FakeGoogle;
let gcloud: GcloudHome;
let root: string;

/**
 * A project directory of its own, whose functions are built there, and beside it what must never be shipped. gcloud
 * speaks to a fake Google; the functions it calls in the smoke test are real, on this machine's stores. The
 * schedule goes to a Cloud Scheduler on this machine.
 */
async function prepare(): Promise<void> {
  root = await mkdtemp(join(tmpdir(), 'ronde-deploy-'));
  await cp(join(ROOT, 'deploy.sh'), join(root, 'deploy.sh'));
  for (const name of ['infra', 'functions', 'shared', 'test', 'node_modules', 'package.json'])
    await symlink(join(ROOT, name), join(root, name));
  await buildFunctions({ out: join(root, 'dist') });
  await writeFile(join(root, '.env'), 'CRON_SECRET=must-not-be-shipped\n');
  const plain = {
    UPSTASH_REDIS_REST_URL: 'https://made-up.upstash.example',
    AUTH_ISSUER: world.environment.AUTH_ISSUER,
    AUTH_AUDIENCE: world.environment.AUTH_AUDIENCE,
    CRON_SECRET: 'must-not-be-shipped-must-not-be-shipped',
    EMAIL_HOST: 'mail.example.test',
    EMAIL_HOST_USER: 'ronde',
    DEFAULT_FROM_EMAIL: 'ronde@example.test',
  };
  const lines = Object.entries(plain).map(([name, value]) => `${name}=${value}`);
  await writeFile(join(root, '.env.production'), lines.join('\n'));
}

const here = programOrSkip('gcloud', 'deploy.sh with the real gcloud against a fake Google');

describe.skipIf(!here || !programOrSkip('curl', 'deploy.sh'))('deploy.sh', () => {
  beforeAll(async () => {
    world = await startWorld();
    local = await startLocalFunctions({
      project: 'demo',
      region: 'europe-west1',
      gateway: world.url,
      signOperator: () => world.issuer.googleToken({ email: OPERATOR, audience: GCLOUD_CLIENT }),
    });
    scheduler = await startLocalScheduler({
      clock: world.clock,
      firing: false,
      signOidc: (email, audience) => world.issuer.googleToken({ email, audience }),
    });
    await prepare();
  }, GCLOUD_MS);
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
    await scheduler?.stop();
    await local?.stop();
    await world?.stop();
  });
  beforeEach(async () => {
    google = await startFakeGoogle(local.uriOf);
    for (const secret of secrets) google.secrets.add(secret);
    gcloud = await gcloudHome({ endpoint: google.url });
    return async () => {
      await google.stop();
      await gcloud.remove();
    };
  });

  const deploy = (...args: string[]) =>
    runProgram(join(root, 'deploy.sh'), [...PLACE, '--skip-build', ...args], {
      env: { ...gcloud.env, CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER: `${scheduler.url}/` },
    });
  const created = (name: string): Asked | undefined =>
    google.asked.find(({ query, body }) => query.get('functionId') === name && body.serviceConfig);

  it(
    'reports the steps that a refusal left undone; the same command completes them and calls every function',
    async () => {
      const before = await dump(world.store, world.redis);
      const last = names.at(-1) ?? '';
      let bindings = 0;
      google.refuse = ({ path, query }) => {
        if (query.get('functionId') === last) return googleError(403, 'the build account may not build');
        if (!/v1\/projects\/demo:setIamPolicy$/.test(path)) return undefined;
        bindings += 1;
        const fresh = 'Service account ronde-functions@demo does not exist.';
        return bindings === 1 ? googleError(400, fresh) : undefined;
      };
      const first = await deploy();
      expect(first.stderr).toContain('the build account may not build');
      const deployed = names.slice(0, -1).map((name) => `function ${name}`);
      expect(first.stderr).toContain(`done:     ${[...STEPS, ...deployed].join(', ')}\n`);
      expect(first.stderr).toContain('not done: functions (perhaps in part), schedule, smoke test\n');
      expect(scheduler.jobs()).toEqual([]);
      expect(first.code).toBe(1);
      // The script waited until the account was known everywhere.
      expect(bindings).toBe(5);

      google.refuse = () => undefined;
      const asked = google.asked.length;
      const second = await deploy();
      expect(second.stderr).not.toContain('failed');
      expect(second.code).toBe(0);
      const again = google.asked.slice(asked);
      const updated = again.filter(({ path, method }) => method === 'PATCH' && path.includes('/functions/'));
      expect(updated).toHaveLength(names.length - 1);
      const jobs = scheduler
        .jobs()
        .map(({ name, httpTarget }) => [name.split('/').at(-1), httpTarget?.oidcToken]);
      expect(Object.fromEntries(jobs)).toMatchObject({
        'close-inactive-visits': { serviceAccountEmail: 'ronde-scheduler@demo.iam.gserviceaccount.com' },
      });
      expect(jobs).toHaveLength(readSchedule().jobs.length);
      expect(second.stdout).toContain('would_close_count');
      expect(await dump(world.store, world.redis)).toBe(before);
      for (const name of names) expect(created(name), name).toBeDefined();
      checkRole();
      checkFirestore();
      checkQueue();
      checkFunction();
      const sent = google.asked.map(({ body }) => (Buffer.isBuffer(body) ? '' : JSON.stringify(body))).join();
      expect(sent + second.stdout + second.stderr).not.toContain('must-not-be-shipped');
    },
    GCLOUD_MS,
  );

  /** The first deployment creates it, and each one updates it: a later version may need more. */
  function checkRole(): void {
    const roles = google.asked.filter(({ method, path }) => method !== 'GET' && /\/roles(\/|$)/.test(path));
    const last = roles.at(-1);
    expect(last).toMatchObject({ method: 'PATCH', path: '/v1/projects/demo/roles/rondeConsole' });
    expect(last?.body.includedPermissions).toEqual(
      ['get', 'list', 'pause', 'enable'].map((action) => `cloudscheduler.jobs.${action}`),
    );
  }

  function checkFirestore(): void {
    const indexes = google.asked.filter(({ method, path }) => method === 'POST' && path.endsWith('/indexes'));
    expect(indexes[0]).toMatchObject({
      path: '/v1/projects/demo/databases/(default)/collectionGroups/page_visits/indexes',
      body: { queryScope: 'COLLECTION', fields: [{ fieldPath: 'end_time' }, { fieldPath: 'start_time' }] },
    });
    const fields = google.asked.filter(
      ({ method, path }) => method === 'PATCH' && path.endsWith('/task_runs/fields/expires_at'),
    );
    expect(fields.slice(0, 2).map(({ body }) => body)).toMatchObject([
      { indexConfig: {} },
      { ttlConfig: {} },
    ]);
    const policies = google.asked.filter(({ path }) => /secrets\/.*:setIamPolicy$/.test(path));
    const readable = policies.map(({ path }) => path.split('/').at(-1)?.split(':')[0]);
    expect([...new Set(readable)].sort()).toEqual([...secrets].sort());
  }

  /** The functions may add to it, and sign its calls as an account without roles. */
  function checkQueue(): void {
    const at = (end: string) => google.asked.filter(({ path }) => path.endsWith(end));
    expect(at('/locations/europe-west1/queues')[0]?.body).toMatchObject({
      name: 'projects/demo/locations/europe-west1/queues/sync-inbox',
      rateLimits: { maxConcurrentDispatches: 8, maxDispatchesPerSecond: 20 },
      retryConfig: { maxAttempts: 3, minBackoff: '35s', maxBackoff: '35s' },
    });
    const functionsMay = (role: string) => [
      { role, members: ['serviceAccount:ronde-functions@demo.iam.gserviceaccount.com'] },
    ];
    expect(at('/queues/sync-inbox:setIamPolicy')[0]?.body.policy.bindings).toEqual(
      functionsMay('roles/cloudtasks.enqueuer'),
    );
    const tasksAccount = 'ronde-tasks@demo.iam.gserviceaccount.com';
    expect(at(`/serviceAccounts/${tasksAccount}:setIamPolicy`)[0]?.body.policy.bindings).toEqual(
      functionsMay('roles/iam.serviceAccountUser'),
    );
    const variables = created('sync-inbox')?.body.serviceConfig.environmentVariables;
    expect(variables).toMatchObject({ TASKS_QUEUE: 'sync-inbox', TASKS_SERVICE_ACCOUNT: tasksAccount });
    expect(variables.SERVICE_ACCOUNTS).toContain(tasksAccount);
    const other = created('close-inactive-visits')?.body.serviceConfig.environmentVariables;
    expect(JSON.stringify(other)).not.toContain('ronde-tasks');
  }

  /** It is as infra/scheduler.yaml says, and ships only its bundle. */
  function checkFunction(): void {
    const { body } = created('close-inactive-visits') ?? {};
    expect(body).toMatchObject({
      buildConfig: {
        runtime: 'nodejs24',
        entryPoint: 'close-inactive-visits',
        serviceAccount: 'projects/demo/serviceAccounts/ronde-build@demo.iam.gserviceaccount.com',
      },
      serviceConfig: {
        availableMemory: '512Mi',
        timeoutSeconds: 300,
        maxInstanceCount: 2,
        maxInstanceRequestConcurrency: 1,
        ingressSettings: 'ALLOW_ALL',
        serviceAccountEmail: 'ronde-functions@demo.iam.gserviceaccount.com',
        environmentVariables: {
          GOOGLE_CLOUD_PROJECT: 'demo',
          SCHEDULER_SERVICE_ACCOUNT: 'ronde-scheduler@demo.iam.gserviceaccount.com',
          FUNCTION_URLS:
            'https://europe-west1-demo.cloudfunctions.net/close-inactive-visits,https://close-inactive-visits-123456789.europe-west1.run.app',
        },
      },
    });
    const variables = body.serviceConfig.secretEnvironmentVariables as { key: string; secret: string }[];
    expect(Object.fromEntries(variables.map(({ key, secret }) => [key, secret]))).toEqual(
      functions.find(({ name }) => name === 'close-inactive-visits')?.secrets,
    );
    expect(body.serviceConfig.environmentVariables).not.toHaveProperty('CRON_SECRET');
    const shipped = unzip(google.zips.get('close-inactive-visits') ?? Buffer.alloc(0));
    expect([...shipped.keys()].sort()).toEqual([
      'google-cloud-firestore.js',
      'index.js',
      'package.json',
      'upstash-redis.js',
    ]);
    const bundle = shipped.get('index.js') ?? '';
    expect(bundle.length).toBeGreaterThan(100_000);
    expect(bundle).not.toContain('sourceMappingURL');
    expect(bundle).not.toContain('must-not-be-shipped');
    const opened = google.asked.find(({ path }) =>
      path.endsWith('services/close-inactive-visits:setIamPolicy'),
    );
    expect(opened?.body.policy.bindings).toEqual([{ role: 'roles/run.invoker', members: ['allUsers'] }]);
  }

  it(
    'stops before the functions if a secret is missing, with the command that creates it',
    async () => {
      google.secrets.delete('ronde-cron-secret');
      const { code, stderr } = await deploy();
      expect(code).toBe(1);
      expect(stderr).toContain('ronde-cron-secret (for CRON_SECRET): npm run -s ronde -- secret generate');
      expect(stderr).toContain('gcloud secrets create ronde-cron-secret --data-file=- --project=demo');
      expect(stderr).not.toContain('gcloud secrets create ronde-upstash');
      expect(stderr).toMatch(
        /at: secrets\n {2}done: {5}tools, plan, APIs, accounts\n {2}not done: secrets .*, Firestore, queues, build/,
      );
      expect(google.asked.some(({ path }) => path.includes('/functions'))).toBe(false);
    },
    GCLOUD_MS,
  );

  it(
    'fails the smoke test if a function itself does not answer',
    async () => {
      await google.stop();
      google = await startFakeGoogle((name) =>
        name === 'visits' ? local.uriOf('nobody') : local.uriOf(name),
      );
      for (const secret of secrets) google.secrets.add(secret);
      await gcloud.remove();
      gcloud = await gcloudHome({ endpoint: google.url });
      const { code, stderr } = await deploy('--only', 'visits');
      expect(code).toBe(1);
      expect(stderr).toContain('visits answers 404');
      expect(stderr).toContain('not done: smoke test');
    },
    GCLOUD_MS,
  );
});

/** The files of a zip, by the directory at its end (APPNOTE 4.3.12). */
function unzip(zip: Buffer): Map<string, string> {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06'));
  const files = new Map<string, string>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const data = zip.subarray(start, start + zip.readUInt32LE(at + 20));
    files.set(name, (zip.readUInt16LE(at + 10) === 0 ? data : inflateRawSync(data)).toString('utf8'));
    at += 46 + nameLength + extra + comment;
  }
  return files;
}
