import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Timestamp } from '@google-cloud/firestore';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { examine } from '../../../infra/cli/doctor/doctor.ts';
import type { Patient } from '../../../infra/cli/doctor/patient.ts';
import type { CheckResult } from '../../../infra/cli/doctor/result.ts';
import { LOCAL_PROJECT, LOCAL_REGION, localEnvironment } from '../../../infra/local/environment.ts';
import { localJobs } from '../../../infra/local/jobs.ts';
import { serveLoopback } from '../../../infra/local/loopback-server.ts';
import { localSettings } from '../../../infra/local/settings.ts';
import { startSmtp } from '../../../infra/local/smtp/smtp.ts';
import { type Stack, startStack } from '../../../infra/local/stack.ts';
import { openScheduler } from '../../../infra/scheduler/client.ts';
import { createLog } from '../../../shared/doors/log.ts';
import { clear } from '../../support/documents.ts';
import { nodeEnvironment } from '../../support/node-process.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
const TASK = 'close-inactive-visits';
const NOW = new Date('2026-03-04T10:00:00.000Z');
const CLOSED = 'http://127.0.0.1:9';
let stack: Stack;
let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  const log = createLog({ write: () => undefined });
  const { prefer } = localSettings();
  stack = await startStack({ port: 0, prefer, firing: false, demo: false, cronSecret: undefined, log });
  folder = await mkdtemp(join(tmpdir(), 'ronde-doctor-'));
  mkdirSync(join(folder, '.local'));
  writeFileSync(join(folder, '.local/stack.json'), JSON.stringify(stack.file));
  const { firestore, redis, smtp, issuer, gateway, cron_secret: cronSecret } = stack.file;
  environment = localEnvironment({
    project: firestore.project,
    firestoreHost: firestore.host,
    redis,
    issuer: { issuer, googleIssuer: issuer, audience: 'ronde-local' },
    smtp,
    gateway,
    cronSecret,
  });
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  for (const name of ['task_runs', 'incidents', 'watch_state', 'settings'])
    await clear(stack.deps.store, name);
  await stack.deps.store.doc('settings/watch').set({ operators: ['ada@example.test'] });
});

/** The local Cloud Scheduler, as the doctor finds it. */
const scheduler = () => ({
  place: 'the local cloud',
  prefix: '',
  path: `projects/${LOCAL_PROJECT}/locations/${LOCAL_REGION}/jobs/`,
  api: openScheduler({ project: LOCAL_PROJECT, region: LOCAL_REGION, endpoint: stack.file.scheduler }),
  wanted: () => localJobs(stack.file),
});

/** Examines the healthy cloud but for these changes; an empty text unsets a variable. */
async function examined(changes: Record<string, string> = {}, more: Partial<Patient> = {}) {
  const target = async () => ({
    url: stack.file.gateway,
    authorization: `Bearer ${stack.file.tokens.admin}`,
  });
  const patient = { name: 'test', environment: { ...environment, ...changes }, target, scheduler, ...more };
  return examine(patient, () => NOW);
}

const faults = (results: readonly CheckResult[]) => results.filter(({ ok }) => !ok);

async function cli(args: string[], command = 'doctor') {
  const child = spawn(process.execPath, [ENTRY, command, ...args], {
    cwd: folder,
    env: { ...nodeEnvironment(), HOME: folder, METADATA_SERVER_DETECTION: 'none' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, 'close');
  const [stdout, stderr] = await output;
  return { code, stdout, stderr };
}

describe('ronde doctor', () => {
  it('finds a healthy local cloud all green, and exits 0', async () => {
    const { code, stdout, stderr } = await cli([]);
    expect(stderr).toBe('');
    expect(stdout).not.toContain('FAIL');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('the local cloud: all is well');
    expect(code).toBe(0);
    const checks = stdout.split('\n').map((line) => /^ok {3}(.*?):/.exec(line)?.[1]);
    for (const check of [
      'environment',
      'secret CRON_SECRET',
      'Firestore',
      'indexes',
      'Redis',
      'mail',
      'mail of the functions',
      'issuer',
    ])
      expect(checks).toContain(check);
    expect(checks).toEqual(expect.arrayContaining(['schedule', 'functions', `run ${TASK}`, 'operators']));
    for (const secret of [stack.file.cron_secret, stack.file.redis.token])
      expect(stdout).not.toContain(secret);
  });

  it('exits 1 on a fault, with the same results as JSON', async () => {
    await stack.deps.store.doc(`task_runs/${TASK}!1`).set({
      task: TASK,
      started_at: Timestamp.now(),
      outcome: 'failed',
      attempts: [{ outcome: 'failed' }, { outcome: 'failed' }],
    });
    const { code, stdout } = await cli(['--json']);
    expect(code).toBe(1);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({ ok: false, patient: 'the local cloud' });
    expect(faults(answer.checks)).toMatchObject([
      { check: `run ${TASK}`, detail: `${TASK}: 3 failures in a row` },
    ]);
  });
});

describe('ronde scheduler pause', () => {
  it('reports the pause to watch-runs, and resume takes it back', async () => {
    const paused = async () => (await stack.deps.store.doc('settings/watch').get()).get('paused');
    expect((await cli(['pause', TASK], 'scheduler')).stdout).toContain('watch-runs knows');
    expect(await paused()).toEqual({ [TASK]: true });
    expect((await cli(['resume', TASK], 'scheduler')).stdout).toContain('watches it again');
    expect(await paused()).toEqual({});
  });
});

describe('finds a planted fault, with its remedy:', () => {
  it.each<[string, Record<string, string>, string, string]>([
    ['a secret too short', { CRON_SECRET: 'short' }, 'environment', 'secret generate'],
    ['an issuer without audience', { AUTH_AUDIENCE: '' }, 'environment', 'set both or neither'],
    ['an illegal Redis address', { UPSTASH_REDIS_REST_URL: 'redis.example' }, 'environment', 'correct it'],
    ['a switch that is not a boolean', { EMAIL_PAUSED: 'perhaps' }, 'environment', 'correct it'],
    ['no cron secret', { CRON_SECRET: '' }, 'secret CRON_SECRET', 'secret generate'],
    [
      'a Firestore that does not answer',
      { FIRESTORE_EMULATOR_HOST: '127.0.0.1:9' },
      'Firestore',
      'reachable',
    ],
    ['a wrong Redis token', { UPSTASH_REDIS_REST_TOKEN: 'made-up' }, 'Redis', 'UPSTASH_REDIS_REST_TOKEN'],
    ['a Redis that does not answer', { UPSTASH_REDIS_REST_URL: CLOSED }, 'Redis', 'UPSTASH_REDIS_REST_URL'],
    ['a mail server that does not answer', { EMAIL_PORT: '9' }, 'mail', 'EMAIL_PORT'],
    ['a mail server without STARTTLS', { EMAIL_USE_TLS: 'true' }, 'mail', 'EMAIL_USE_TLS'],
    ['the emergency stop of mail', { EMAIL_PAUSED: 'true' }, 'mail', 'unset EMAIL_PAUSED'],
    ['no mail at all', { EMAIL_HOST: '' }, 'mail', 'set EMAIL_HOST'],
    ['an issuer that does not answer', { AUTH_ISSUER: CLOSED }, 'issuer', 'AUTH_ISSUER'],
    ['no sign-in', { AUTH_ISSUER: '', AUTH_AUDIENCE: '' }, 'issuer', 'AUTH_ISSUER'],
  ])('%s', async (_name, changes, check, remedy) => {
    const found = faults(await examined(changes));
    expect(found.map((result) => result.check)).toContain(check);
    expect(found.find((result) => result.check === check)?.remedy).toContain(remedy);
  });

  it('a wrong mail password, without printing it', async () => {
    const password = 'made-up-password';
    const server = await startSmtp({
      clock: () => NOW,
      login: { user: 'ronde', password: 'another' },
      loginRequired: true,
    });
    const login = {
      EMAIL_PORT: String(server.port),
      EMAIL_HOST_USER: 'ronde',
      EMAIL_HOST_PASSWORD: password,
    };
    const results = await examined(login);
    await server.stop();
    expect(faults(results)).toMatchObject([
      { check: 'mail', remedy: expect.stringContaining('app password') },
    ]);
    expect(JSON.stringify(results)).not.toContain(password);
    expect(results).toContainEqual(
      expect.objectContaining({ check: 'secret EMAIL_HOST_PASSWORD', ok: true }),
    );
  });

  it('an issuer with another name', async () => {
    const other = await serveLoopback(0, async (_request, response) => {
      const keys = `${stack.file.issuer}/keys`;
      response.end(JSON.stringify({ issuer: 'https://other.example.test', jwks_uri: keys }));
    });
    const results = await examined({ AUTH_ISSUER: other.url });
    await other.stop();
    expect(faults(results)).toMatchObject([
      {
        check: 'issuer',
        detail: 'it calls itself https://other.example.test',
        remedy: expect.stringContaining('exactly'),
      },
    ]);
  });

  it('an account that may not read, and a missing index', async () => {
    const denied = await refusingFirestore(status.PERMISSION_DENIED, 'Missing or insufficient permissions.');
    const denying = faults(await examined({ FIRESTORE_EMULATOR_HOST: denied.host }));
    denied.stop();
    expect(denying[0]).toMatchObject({
      check: 'Firestore',
      remedy: expect.stringContaining('roles/datastore.user'),
    });
    const bare = await refusingFirestore(status.FAILED_PRECONDITION, 'The query requires an index.', true);
    const without = faults(await examined({ FIRESTORE_EMULATOR_HOST: bare.host }));
    bare.stop();
    expect(without).toContainEqual(
      expect.objectContaining({
        check: 'indexes',
        detail: expect.stringContaining('requires an index'),
        remedy: expect.stringContaining('./deploy.sh'),
      }),
    );
  });

  it('a paused job, and a deleted one', async () => {
    const { api, path } = scheduler();
    await api.pause(path + TASK);
    const paused = faults(await examined());
    await api.remove(path + TASK);
    const gone = faults(await examined());
    await api.create(localJobs(stack.file).find(({ body }) => body.name.endsWith(TASK))?.body as never);
    await api.close();
    const remedy = expect.stringContaining('ronde scheduler apply');
    expect(paused).toMatchObject([{ check: 'schedule', detail: `differs: resume ${TASK}`, remedy }]);
    expect(gone).toMatchObject([{ check: 'schedule', detail: `differs: create ${TASK}`, remedy }]);
    expect(faults(await examined())).toEqual([]);
  });

  it.each([
    ['a person who is not an administrator', () => stack.file.tokens.user, 'OPERATORS'],
    ['an expired token', () => stack.file.tokens.expired, 'gcloud auth login'],
  ])('%s', async (_name, token, remedy) => {
    const target = async () => ({ url: stack.file.gateway, authorization: `Bearer ${token()}` });
    expect(faults(await examined({}, { target }))).toMatchObject([
      { check: 'functions', remedy: expect.stringContaining(remedy) },
    ]);
  });

  it('no operator, though nothing else is wrong', async () => {
    await stack.deps.store.doc('settings/watch').delete();
    expect(faults(await examined())).toMatchObject([
      { check: 'operators', remedy: expect.stringContaining('name operators') },
    ]);
  });

  it('mail that the functions cannot send, though this machine can', async () => {
    const server = await serveLoopback(0, async (request, response) => {
      if (request.url === '/v1/admin/settings') return void response.end('{}');
      const error = {
        kind: 'no_answer',
        detail: 'connect ETIMEDOUT',
        remedies: { en: 'open port 587', fr: '' },
      };
      response.end(JSON.stringify({ ok: false, error }));
    });
    const target = async () => ({ url: server.url, authorization: 'Bearer made-up' });
    const results = await examined({}, { target });
    await server.stop();
    expect(faults(results)).toMatchObject([
      { check: 'mail of the functions', detail: 'no_answer: connect ETIMEDOUT', remedy: 'open port 587' },
    ]);
  });

  it('functions that do not answer', async () => {
    const target = async () => ({ url: CLOSED, authorization: 'Bearer made-up' });
    expect(faults(await examined({}, { target }))).toMatchObject([
      { check: 'functions', remedy: expect.stringContaining('npm start') },
    ]);
  });

  it('a missed run, also one that watch-runs has not reported', async () => {
    const since = Timestamp.fromMillis(NOW.getTime() - 3_600_000);
    const tasks = { [TASK]: { since, signature: '*/15 * * * * Etc/UTC' } };
    await stack.deps.store.doc('watch_state/watchman').set({ tasks });
    const looked = Timestamp.fromMillis(NOW.getTime() - 360_000);
    await stack.deps.store
      .doc('task_runs/watch-runs!1')
      .set({ task: 'watch-runs', started_at: looked, outcome: 'nothing_to_do', complete: true });
    const missed = {
      check: `run ${TASK}`,
      detail: `${TASK}: the run of 2026-03-04 09:45 UTC did not take place`,
    };
    expect(faults(await examined())).toMatchObject([
      { ...missed, remedy: expect.stringContaining('ronde scheduler list') },
    ]);
  });
});

/** Something that speaks Firestore's protocol and refuses everything in the same way. */
async function refusingFirestore(code: number, details: string, readsDocuments = false) {
  const server = new Server();
  const bytes = (value: Buffer) => value;
  const codec = {
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
    requestStream: false,
    responseStream: true,
  };
  const refuse = (call: { emit: (event: string, error: object) => void }) =>
    call.emit('error', { code, details });
  const missing = (call: { write: (bytes: Buffer) => void; end: () => void }) => {
    const name = `projects/${LOCAL_PROJECT}/databases/(default)/documents/settings/presence`;
    // google.firestore.v1.BatchGetDocumentsResponse: missing = 2, read_time = 4 with seconds = 1.
    call.write(
      Buffer.concat([Buffer.from([0x12, name.length]), Buffer.from(name), Buffer.from([0x22, 2, 8, 1])]),
    );
    call.end();
  };
  const path = (method: string) => `/google.firestore.v1.Firestore/${method}`;
  server.addService(
    {
      runQuery: { ...codec, path: path('RunQuery') },
      batchGetDocuments: { ...codec, path: path('BatchGetDocuments') },
    },
    { runQuery: refuse, batchGetDocuments: readsDocuments ? missing : refuse },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, found) =>
      error ? reject(error) : resolve(found),
    );
  });
  return { host: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}
