import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalScheduler, startLocalScheduler } from '../../../infra/local/scheduler/scheduler.ts';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import { nodeEnvironment } from '../../support/node-process.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
const SECRET = 'not-a-real-secret-of-more-than-32-chars';
const names = readSchedule().jobs.map((job) => job.function);
const folder = mkdtempSync(join(tmpdir(), 'ronde-cli-scheduler-'));
let scheduler: LocalScheduler;

beforeAll(async () => {
  const clock = () => new Date('2026-03-04T10:00:00Z');
  scheduler = await startLocalScheduler({ clock, firing: false, signOidc: async () => 'token' });
  const stack = { gateway: 'http://127.0.0.1:9', scheduler: scheduler.url, cron_secret: SECRET };
  mkdirSync(join(folder, '.local'));
  writeFileSync(join(folder, '.local/stack.json'), JSON.stringify(stack));
});
afterAll(async () => {
  await scheduler.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ronde(...args: string[]) {
  const env = { ...nodeEnvironment(), HOME: folder, METADATA_SERVER_DETECTION: 'none' };
  const child = spawn(process.execPath, [ENTRY, 'scheduler', ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

const theirs = {
  name: 'projects/ronde-local/locations/europe-west1/jobs/theirs',
  schedule: '* * * * *',
  httpTarget: { uri: 'https://theirs.example.test/' },
};
const byHand = (method: string, path: string, body: object) =>
  fetch(`${scheduler.url.replace(/\/$/, '')}/v1/projects/ronde-local/locations/europe-west1/jobs${path}`, {
    method,
    body: JSON.stringify(body),
  });

describe('ronde scheduler', () => {
  it('plans with exit code 3 while there is drift, applies, and then plans with 0', async () => {
    const first = await ronde('plan');
    expect(first).toMatchObject({ code: 3, stderr: '' });
    for (const name of names) expect(first.stdout).toContain(`create ${name}`);
    expect((await ronde('apply')).code).toBe(0);
    const after = await ronde('plan', '--json');
    expect(after.code).toBe(0);
    expect(JSON.parse(after.stdout)).toMatchObject({ drift: false });
    expect(await ronde('apply')).toMatchObject({ code: 0, stdout: 'the local cloud: nothing to change\n' });
  });

  it('lists, runs, pauses and resumes a job, and explains a pause', async () => {
    await ronde('apply');
    const [name = ''] = names;
    expect((await ronde('pause', name)).stdout).toContain('leave it paused until ronde scheduler resume');
    const left = await ronde('apply');
    expect(left.code).toBe(3);
    expect(left.stdout).toContain(`${name}: nothing done; stays paused, since a person paused it`);
    expect((await ronde('plan')).stdout).toContain(`resume ${name}`);
    expect((await ronde('list')).stdout).toMatch(new RegExp(`${name} +PAUSED`));
    expect((await ronde('resume', name)).code).toBe(0);
    expect((await ronde('run', name)).code).toBe(0);
    await scheduler.idle();
    const { jobs } = JSON.parse((await ronde('list', '--json')).stdout);
    expect(jobs).toContainEqual(expect.objectContaining({ job: name, state: 'ENABLED', ours: true }));
    const unknown = await ronde('run', 'nobody');
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('nobody: run failed') });
  });

  it('prunes only jobs that are marked as ours, and asks first', async () => {
    await ronde('apply');
    await byHand('POST', '', theirs);
    const { jobs } = JSON.parse((await ronde('list', '--json')).stdout);
    expect(jobs).toContainEqual(expect.objectContaining({ job: 'theirs', ours: false }));
    const [first] = scheduler.jobs();
    const old = { ...first, name: theirs.name.replace('theirs', 'renamed-away') };
    await byHand('POST', '', old);
    const asked = await ronde('prune');
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('renamed-away') });
    expect(asked.stderr).not.toContain('theirs');
    expect((await ronde('prune', '--yes')).stdout).toContain('renamed-away: done: delete');
    expect(
      scheduler
        .jobs()
        .map((job) => job.name.split('/').at(-1))
        .sort(),
    ).toEqual([...names, 'theirs'].sort());
  });

  it('simulates without calling any service', async () => {
    const day = await ronde('simulate', '--from', '2026-03-29', '--to', '2026-03-30', '--json');
    expect(day.code).toBe(0);
    const { occurrences } = JSON.parse(day.stdout);
    const quarters = occurrences.filter(({ job }: { job: string }) => job === 'close-inactive-visits');
    expect(quarters).toHaveLength(96);
    const alone = await ronde(
      ...[
        'simulate',
        '--from',
        '2026-03-29',
        '--to',
        '2026-03-30',
        '--job',
        'close-inactive-visits',
        '--json',
      ],
    );
    expect(JSON.parse(alone.stdout).occurrences).toEqual(quarters);
  });

  it('plans for a project with the accounts that deploy.sh creates, if none are named', async () => {
    const answer = await ronde('plan', '--project', 'nowhere-project', '--region', 'europe-west1');
    expect(answer.stderr).not.toContain('is not set in the environment');
    expect(answer.stderr).toContain('gcloud auth application-default login');
  });

  it.each([
    [['simulate', '--from', 'yesterday'], '2026-03-29'],
    [['simulate', '--from', '2026-03-30', '--to', '2026-03-29'], 'not after'],
    [['plan', '--nonsense'], "unknown option '--nonsense'"],
    [['plan', '--project', 'somewhere'], '--region or REGION'],
    [['frobnicate'], 'unknown command'],
    [['simulate', '--job', 'nobody'], 'close-inactive-visits'],
  ])('exits 2 on %j, and names what is legal', async (args, expected) => {
    const answer = await ronde(...args);
    expect(answer.code).toBe(2);
    expect(answer.stderr).toContain(expected);
  });

  it('reports missing credentials for a real project in one line, without a stack', async () => {
    const answer = await ronde('list', '--project', 'nowhere-project', '--region', 'europe-west1');
    expect(answer.code).toBe(1);
    expect(answer.stderr.trim().split('\n')).toHaveLength(1);
    expect(answer.stderr).toContain('gcloud auth application-default login');
  });

  it('never prints a secret', async () => {
    const outputs = await Promise.all([ronde('plan'), ronde('plan', '--json'), ronde('list', '--json')]);
    expect(JSON.stringify(outputs)).not.toContain(SECRET);
  });
});
