import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PRESENCE_HELP } from '../../../infra/cli/presence/help.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import { at, session, user } from '../../support/presence.ts';
import { clear, dump, minutes, NOW, seed, startWorld, type World } from '../../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
let world: World;
let folder: string;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'ronde-presence-'));
});
afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  world.clock.set(NOW);
  admin = await world.issuer.userToken('admintest1');
  for (const name of ['users', 'login_history', 'task_runs']) await clear(world.store, name);
  await world.redis.flushall();
});

/** Starts `ronde presence ...` in a separate directory; a person types `input`, then input ends. */
function start(args: string[], input = '', env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [ENTRY, 'presence', ...args], {
    cwd: folder,
    env: { ...nodeEnvironment(), HOME: folder, RONDE_URL: world.url, RONDE_TOKEN: admin, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += String(chunk);
  });
  child.stdin.end(input);
  const closed = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  return { child, output, closed };
}
const run = (args: string[], input?: string) => start(args, input).closed;

/** A ghost, a user that pings, and one that is silent; with microseconds and an absent field. */
async function crowd(): Promise<void> {
  const precise = new Timestamp(Math.floor(NOW.getTime() / 1000) - 7200, 987_654_000);
  await seed(
    world.store,
    'users',
    new Map<string, object>([
      ['ghost', { role: 'user', is_online: true }],
      ['pinging', user({ is_online: true, last_activity_at: precise, team: 'north' })],
      ['silent', user({ is_online: true, last_activity_at: at(NOW.getTime() - minutes(45)) })],
    ]),
  );
  await world.redis.set('last_activity:pinging', String(NOW.getTime() - minutes(1)));
}
/** Reads all users, without the mark by which a write recognises itself. */
const documents = async () =>
  Object.fromEntries(
    (await world.store.collection('users').get()).docs.map((doc) => {
      const { write_attempt: _attempt, ...fields } = doc.data();
      return [doc.id, fields];
    }),
  );
const online = async () =>
  Object.entries(await documents())
    .filter(([, fields]) => fields.is_online === true)
    .map(([id]) => id);

describe('presence cleanup', () => {
  it('asks, and changes nothing without a yes', async () => {
    await crowd();
    const before = await dump(world.store, world.redis);
    for (const input of ['', 'n\n', 'perhaps\n']) {
      const { code, stdout, stderr } = await run(['cleanup'], input);
      expect(stdout).toContain('3 of 3 users');
      expect(stderr).toContain('Put 3 users offline? [y/N]');
      expect(stderr).toContain('nothing was changed');
      expect(code).toBe(1);
    }
    expect(await dump(world.store, world.redis)).toBe(before);
    expect(await run(['cleanup'], 'y\n')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Put 3 users offline; 0 showed life'),
    });
    expect(await online()).toEqual([]);
  });

  it('--dry-run writes nothing; with nothing to do it does not ask', async () => {
    await crowd();
    const before = await dump(world.store, world.redis);
    expect(await run(['cleanup', '--dry-run'])).toMatchObject({ code: 0, stderr: '' });
    expect(await dump(world.store, world.redis)).toBe(before);
    for (const name of ['users']) await clear(world.store, name);
    await world.redis.flushall();
    expect(await run(['cleanup'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('restores byte-equal documents and the keys from --backup', async () => {
    await crowd();
    const before = await documents();
    const file = join(folder, 'before.json');
    expect((await run(['cleanup', '--yes', '--backup', file])).code).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await online()).toEqual([]);
    const again = await run(['cleanup', '--yes', '--backup', file]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('exists already')]);

    expect(await run(['restore', file, '--dry-run'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Would put back 3 users'),
    });
    expect((await run(['restore', file], 'n\n')).code).toBe(1);
    expect(await online()).toEqual([]);
    expect(await run(['restore', file, '--yes', '--json'])).toMatchObject({ code: 0 });
    expect(await documents()).toEqual(before);
    expect(await world.redis.get('last_activity:pinging')).toBe(String(NOW.getTime() - minutes(1)));
  });

  it('restores hundreds of users in parts', async () => {
    const ids = Array.from({ length: 450 }, (_, index) => `user-${index}`);
    await seed(world.store, 'users', new Map(ids.map((id) => [id, user({ is_online: true })])));
    const file = join(folder, 'many.json');
    expect(await run(['cleanup', '--yes', '--json', '--backup', file])).toMatchObject({ code: 0 });
    expect(await online()).toEqual([]);
    const { code, stdout } = await run(['restore', file, '--yes', '--json']);
    expect([code, JSON.parse(stdout).counts]).toEqual([
      0,
      expect.objectContaining({ restored: 450, failed: 0 }),
    ]);
    expect(await online()).toHaveLength(450);
  });

  it('exits 1 with one line if Redis does not answer', async () => {
    await world.redisEngine.stopEngine();
    try {
      const { code, stderr } = await run(['cleanup', '--yes']);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^503: Redis does not answer.*\n$/)]);
      expect((await run(['status'])).code).toBe(1);
    } finally {
      await world.redisEngine.restart();
    }
  });
});

describe('presence stale', () => {
  it('puts offline users who are silent for 30 minutes by default, and can be restored', async () => {
    await crowd();
    const before = await documents();
    const file = join(folder, 'stale.json');
    const hour = await run(['stale', '--minutes', '60', '--dry-run']);
    expect(hour.stdout).toContain('1 of 3 users are flagged online and silent for 60 minutes (ghost)');
    const { code, stdout } = await run(['stale', '--yes', '--backup', file]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('Cleaned 2 stale sessions')]);
    expect(await online()).toEqual(['pinging']);
    expect((await run(['restore', file, '--yes'])).code).toBe(0);
    expect(await documents()).toEqual(before);
  });

  it('--scheduled repeats, and exits 0 on SIGTERM', async () => {
    await crowd();
    const { child, output, closed } = start(['stale', '--scheduled', '--interval', '1']);
    await expect.poll(() => output.stdout, { timeout: 60_000 }).toContain('Cleaned 2 stale sessions');
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await closed;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')[0]).toBe('Cleaning stale sessions (silent for 30 minutes) every 1 minutes...');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('Stopped.');
    expect(await online()).toEqual(['pinging']);
  });
});

describe('presence status and test', () => {
  it('status prints flags, live keys, ghosts, stale sessions, stores and runs', async () => {
    await crowd();
    await (await session(world, 'new')).ping();
    await run(['test']);
    const { code, stdout } = await run(['status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Flagged online +4/);
    expect(stdout).toMatch(/Live keys in Redis 2/);
    expect(stdout).toContain('2 (ghost, silent) flagged online without a sign of life');
    expect(stdout).toContain('2 (ghost, silent) flagged online and silent for 30 minutes or more');
    expect(stdout).toMatch(/Redis +answers in/);
    expect(stdout).toMatch(/test-presence!\S+ {2}succeeded {2}\d+ ms/);
    expect(JSON.parse((await run(['status', '--json'])).stdout)).toMatchObject({
      flagged_online: 4,
      degraded: false,
    });
  });

  it('test prints every check, and exits 1 if one fails', async () => {
    await crowd();
    const good = await run(['test']);
    expect([good.code, good.stdout.match(/^ok /gm)?.length]).toEqual([0, 7]);
    await world.store.doc('users/odd').set({ is_online: 'yes' });
    const bad = await run(['test']);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/^FAIL +user_schema .*users\/odd: is_online is not a boolean$/m);
    expect(JSON.parse((await run(['test', '--json'])).stdout).checks).toHaveLength(7);
  });

  it('help prints recipes and precautions, and exits 0', async () => {
    const { code, stdout } = await run(['help']);
    expect(code).toBe(0);
    for (const word of ['Ghosts online', 'Back up', 'stale --minutes 60', 'response times'])
      expect(stdout).toContain(word);
  });
});

describe('wrong usage exits 2 and names what is legal', () => {
  it.each([
    [['status', '--minutes', '5'], '--json'],
    [['cleanup', '--force'], '--backup'],
    [['cleanup', '--minutes', '5'], '--dry-run'],
    [['stale', '--minutes', '0'], '1 to 1440'],
    [['stale', '--minutes', 'ten'], '1 to 1440'],
    [['stale', '--interval', '5'], '--scheduled'],
    [['stale', '--scheduled', '--interval', '0'], '1 to 1440'],
    [['stale', '--scheduled', '--backup', 'x.json'], '--interval'],
    [['stale', '--every', '5'], '--minutes'],
    [['test', '--dry-run'], '--json'],
    [['restore'], 'file'],
    [['sleep'], 'cleanup'],
    [[], 'cleanup'],
  ])('%j', async (args, legal) => {
    const { code, stdout, stderr } = await run(args);
    expect(stderr).toContain(legal);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('exits 1 on an invalid backup, and reports the fault', async () => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, '{"version": 1}');
    for (const name of [file, join(folder, 'absent.json')]) {
      const { code, stderr } = await run(['restore', name, '--yes']);
      expect([code, stderr]).toEqual([1, expect.stringContaining(name)]);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    expect(existsSync(join(folder, 'absent.json'))).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe('{"version": 1}');
  });
});

it('prints recipes that run as printed', async () => {
  await crowd();
  await rm(join(folder, 'before.json'), { force: true });
  const lines = [...PRESENCE_HELP.matchAll(/npx ronde presence ([^;\n]+)/g)].map(([, line = '']) =>
    line.trim(),
  );
  expect(lines).toContain('stale --minutes 60 --yes');
  for (const line of new Set(lines))
    expect(await run(line.split(' '), 'yes\n'), line).toMatchObject({ code: 0 });
});
