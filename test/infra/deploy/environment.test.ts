import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listOwnAccounts } from '../../../infra/deploy/accounts.ts';
import { listFunctionUrls } from '../../../infra/deploy/addresses.ts';
import {
  buildEnvironment,
  findEnvironmentFaults,
  findUnusedVariables,
} from '../../../infra/deploy/environment.ts';
import { makePlan } from '../../../infra/deploy/plan.ts';
import { toCreateCommand } from '../../../infra/deploy/secrets.ts';
import { VARIABLES } from '../../../infra/deploy/variables.ts';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import type { ScheduledFunction } from '../../../infra/scheduler/parse.ts';

const PLACE = {
  project: 'demo',
  number: '42',
  region: 'europe-west1',
  prefix: '',
  schedulerAccount: 'cron@demo.test',
  consoleAccount: 'console@demo.test',
  tasksAccount: 'tasks@demo.test',
};
const ENV = {
  UPSTASH_REDIS_REST_URL: 'https://made-up.upstash.example',
  AUTH_ISSUER: 'https://sign-in.example.test',
  AUTH_AUDIENCE: 'ronde',
};
const MAIL = {
  EMAIL_HOST: 'mail.example.test',
  EMAIL_HOST_USER: 'ronde',
  DEFAULT_FROM_EMAIL: 'a@b.test',
};
const named = (name: string) =>
  readSchedule().functions.find((entry) => entry.name === name) as ScheduledFunction;
const faults = (entry: ScheduledFunction, env: Record<string, string>) =>
  findEnvironmentFaults(entry, buildEnvironment(entry, PLACE, env)).join('\n');

describe('the environment of a function', () => {
  it('holds no secret, whatever the caller has set', () => {
    const everything = Object.fromEntries(VARIABLES.map(({ name }) => [name, `value-of-${name}`]));
    for (const entry of readSchedule().functions) {
      const plain = buildEnvironment(entry, PLACE, { ...everything, RONDE_LOCAL: '1', PATH: '/bin' });
      for (const { name, secret } of VARIABLES) if (secret) expect(plain).not.toHaveProperty(name);
      expect(plain).not.toHaveProperty('RONDE_LOCAL');
      expect(plain).not.toHaveProperty('PATH');
    }
  });

  it('holds the addresses of the function and the shared one, and of no other function', () => {
    const plain = buildEnvironment(named('visits'), PLACE, {
      ...ENV,
      PUBLIC_URL: 'https://ronde.example.test',
    });
    expect(plain.FUNCTION_URLS?.split(',')).toEqual([
      'https://europe-west1-demo.cloudfunctions.net/visits',
      'https://visits-42.europe-west1.run.app',
      'https://ronde.example.test',
    ]);
    expect(plain).not.toHaveProperty('SCHEDULER_SERVICE_ACCOUNT');
    expect(buildEnvironment(named('close-inactive-visits'), PLACE, ENV)).toHaveProperty(
      'SCHEDULER_SERVICE_ACCOUNT',
      'cron@demo.test',
    );
  });

  it('lets the console call every task, beside the services that the operator names', () => {
    const ofTask = (env: Record<string, string>) =>
      buildEnvironment(named('close-inactive-visits'), PLACE, { ...ENV, ...env }).SERVICE_ACCOUNTS;
    expect(ofTask({})).toBe('console@demo.test');
    expect(ofTask({ SERVICE_ACCOUNTS: 'queue@demo.test' })).toBe('queue@demo.test,console@demo.test');
    expect(buildEnvironment(named('console'), PLACE, ENV)).not.toHaveProperty('SERVICE_ACCOUNTS');
  });

  it('names the queue and its caller if the function fans out', () => {
    const plain = buildEnvironment(named('sync-inbox'), PLACE, { ...ENV, TASKS_QUEUE: 'of-a-developer' });
    expect(plain).toMatchObject({
      TASKS_QUEUE: 'sync-inbox',
      TASKS_SERVICE_ACCOUNT: 'tasks@demo.test',
      SERVICE_ACCOUNTS: 'console@demo.test,tasks@demo.test',
    });
    const other = buildEnvironment(named('close-inactive-visits'), PLACE, { ...ENV, TASKS_QUEUE: 'x' });
    expect(other).not.toHaveProperty('TASKS_QUEUE');
    expect(other).not.toHaveProperty('TASKS_SERVICE_ACCOUNT');
  });

  it('sets the semi-space of Node if the schedule does', () => {
    const env = { ...ENV, NODE_OPTIONS: '--inspect' };
    expect(buildEnvironment(named('sync-inbox'), PLACE, env).NODE_OPTIONS).toBe('--max-semi-space-size=8');
    expect(buildEnvironment(named('visits'), PLACE, env)).not.toHaveProperty('NODE_OPTIONS');
  });

  it('has no run.app address if the name is too long for one label', () => {
    const name = 'n'.repeat(60);
    expect(listFunctionUrls('demo', '42', 'r-1', name)).toHaveLength(2);
    expect(listFunctionUrls('demo', '423', 'r-1', name)).toEqual([
      `https://r-1-demo.cloudfunctions.net/${name}`,
    ]);
  });

  it('has no faults if everything is set', () => {
    for (const entry of readSchedule().functions) expect(faults(entry, { ...ENV, ...MAIL })).toBe('');
  });

  it.each<[string, Partial<ScheduledFunction>, Record<string, string>, string]>([
    ['a secret that nothing reads', { secrets: { CRON_SECRETT: 's' } }, {}, 'did you mean CRON_SECRET?'],
    [
      'a plain variable kept as a secret',
      { secrets: { OPERATORS: 's' } },
      {},
      'OPERATORS is under secrets but is not a secret',
    ],
    ['no Redis token', { secrets: {} }, {}, 'named under secrets in infra/scheduler.yaml'],
    ['no Redis', {}, { UPSTASH_REDIS_REST_URL: '' }, 'UPSTASH_REDIS_REST_URL must be'],
    ['nobody to sign in', {}, { AUTH_ISSUER: '' }, 'AUTH_ISSUER is not set'],
    ['half of a sign-in', {}, { AUTH_AUDIENCE: '' }, 'AUTH_ISSUER and AUTH_AUDIENCE go together'],
    [
      'a wrong switch',
      { name: 'close-inactive-visits', task: true },
      { ALLOW_QUERY_SECRET: 'yes' },
      'ALLOW_QUERY_SECRET must be',
    ],
  ])('reports %s', (_, change, env, expected) => {
    expect(faults({ ...named('visits'), ...change }, { ...ENV, ...env })).toContain(expected);
  });
});

describe('the plan', () => {
  const options = { project: 'demo', number: '42', region: 'europe-west1', only: undefined, operator: null };

  it('requires the deploying account to be an operator', () => {
    const env = { ...ENV, OPERATORS: 'a@b.test, c@d.test' };
    expect(makePlan({ ...options, operator: 'c@d.test' }, env).faults.join()).not.toContain('OPERATORS');
    expect(makePlan({ ...options, operator: 'x@y.test' }, env).faults.join()).toContain(
      'OPERATORS does not name x@y.test',
    );
  });

  it('refuses an account of another project for Cloud Scheduler', () => {
    const env = { ...ENV, SCHEDULER_SERVICE_ACCOUNT: 'cron@other.iam.gserviceaccount.com' };
    expect(makePlan(options, env).faults.join()).toContain(
      'cron@other.iam.gserviceaccount.com is not of demo',
    );
    expect(makePlan(options, ENV).faults.join()).not.toContain('SCHEDULER_SERVICE_ACCOUNT');
  });

  it('makes only the accounts of its project', () => {
    const env = { ...ENV, SCHEDULER_SERVICE_ACCOUNT: 'cron@other.iam.gserviceaccount.com' };
    const own = listOwnAccounts('demo', makePlan(options, env).accounts);
    expect(own.map((email) => email.split('@')[0])).toEqual([
      'ronde-functions',
      'ronde-console',
      'ronde-tasks',
      'ronde-build',
    ]);
  });

  it('gives a second installation its own names, secrets and queue, and asks for its own database', () => {
    const plan = makePlan({ ...options, prefix: 'staging-' }, ENV);
    expect(plan.faults.join()).toContain('--prefix staging- needs FIRESTORE_DATABASE');
    expect(plan.accounts.FUNCTIONS_SERVICE_ACCOUNT).toBe(
      'staging-ronde-functions@demo.iam.gserviceaccount.com',
    );
    const sync = plan.functions.find(({ name }) => name === 'sync-inbox');
    expect(sync).toMatchObject({ deployed: 'staging-sync-inbox', route: '/api/inbox/integrations/sync-all' });
    expect(sync?.environment).toMatchObject({
      TASKS_QUEUE: 'staging-sync-inbox',
      FUNCTION_URLS: expect.stringContaining('cloudfunctions.net/staging-sync-inbox,'),
    });
    expect(sync?.entry.secrets.CRON_SECRET).toBe('staging-ronde-cron-secret');
    expect(plan.queues[0]?.id).toBe('staging-sync-inbox');
    expect(plan.functions.find(({ name }) => name === 'console')?.environment.NAME_PREFIX).toBe('staging-');
  });

  it('makes by itself every secret that nobody issues', () => {
    const commands = makePlan(options, ENV).secrets.map((secret) => toCreateCommand(secret, 'demo'));
    const generated = commands.filter((command) => command.startsWith('npx ronde secret generate'));
    expect(generated.map((command) => /create (\S+)/.exec(command)?.[1]).sort()).toEqual([
      'ronde-cron-secret',
      'ronde-inbox-sealing-key',
      'ronde-link-key',
    ]);
  });
});

describe('the file of variables', () => {
  it('names what deploys nowhere, without a value', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ronde-env-'));
    const path = join(folder, '.env.production');
    await writeFile(
      path,
      'EMAIL_HOST_PASSWORD=never-seen\nEMAIL_BACKEND=x\nEMAIL_HOST=h\nCOLOUR=blue\nCRON_SECRET=\n',
    );
    expect(findUnusedVariables(path).sort()).toEqual([
      'COLOUR in .env.production is not used by any function',
      'EMAIL_BACKEND in .env.production is ignored: mail goes out by SMTP, see EMAIL_HOST',
      'EMAIL_HOST_PASSWORD in .env.production is not used: it is a secret; keep it in Secret Manager and delete the line',
    ]);
    await rm(folder, { recursive: true });
  });
});
