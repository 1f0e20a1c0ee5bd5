import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tasks } from '../../../functions/registry.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import { seed, startWorld, visit, type World } from '../../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));

let world: World;
let empty: string;
let admin: string;
/** An address without a listener. */
let nobody: string;

beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), 'ronde-cli-'));
  world = await startWorld();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  nobody = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.close();
  admin = await world.issuer.userToken('admintest1');
});
afterAll(async () => {
  await world?.stop();
  await rm(empty, { recursive: true, force: true });
});

/** Starts the command in an empty directory, where there is neither a local cloud nor a .env. */
function start(args: string[], env: Record<string, string> = {}, folder = empty) {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd: folder,
    env: { ...nodeEnvironment(), HOME: empty, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += String(chunk);
  });
  const closed = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  return { child, output, closed };
}

const run = (args: string[], env?: Record<string, string>, folder?: string) =>
  start(args, env, folder).closed;
const deployed = (token = admin) => ({ RONDE_URL: world.url, RONDE_TOKEN: token });

describe('secret generate', () => {
  it('prints 64 hexadecimal characters, different ones each time', async () => {
    const [one, two] = await Promise.all([run(['secret', 'generate']), run(['secret', 'generate'])]);
    expect(one).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
    expect(two.stdout).not.toBe(one.stdout);
  });

  it('prints JSON with --json', async () => {
    const { code, stdout } = await run(['secret', 'generate', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ secret: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });
});

describe('wrong usage exits 2 with one remedy and no stack', () => {
  it.each([
    [['run', 'close-everything'], tasks.map(({ name }) => name).join(', ')],
    [['loop', 'close-everything'], tasks.map(({ name }) => name).join(', ')],
    [['run', 'close-inactive-visits', '--param', 'nonsense'], 'name=value'],
    [['loop', 'close-inactive-visits', '--every', 'soon'], '90s, 15m or 1h'],
    [['loop', 'close-inactive-visits', '--every', '0m'], '90s, 15m or 1h'],
    [['stroll'], 'ronde --help lists the commands'],
    [['run'], 'task'],
    [['run', 'close-inactive-visits', '--wet-run'], '--wet-run'],
  ])('%j', async (args, remedy) => {
    const { code, stdout, stderr } = await run(args, deployed());
    expect(stderr).toContain(remedy);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

it('--help exits 0', async () => {
  expect(await run(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('secret') });
});

describe('without Google Cloud credentials', () => {
  const environment = {
    GOOGLE_CLOUD_PROJECT: 'nowhere-project',
    UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9',
    UPSTASH_REDIS_REST_TOKEN: 'none',
    METADATA_SERVER_DETECTION: 'none',
  };
  it.each([
    ['doctor', []],
    ['retention', ['show']],
    ['import', ['visits', ENTRY, '--dry-run']],
    ['erase', ['ada', '--dry-run']],
  ])('%s says how to sign in, without a stack', async (command, rest) => {
    const { code, stdout, stderr } = await run([command, ...rest], environment);
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('run gcloud auth application-default login');
    expect(stdout + stderr).not.toMatch(/^\s+at /m);
  });
});

it('ends quietly when the reader closes the pipe', async () => {
  const { child, closed } = start(['scheduler', 'simulate', '--from', '2026-03-01', '--to', '2026-03-03']);
  child.stdout.destroy();
  expect(await closed).toMatchObject({ code: 0, stderr: '' });
});

describe('run', () => {
  it('exits 1 with the remedy without a local cloud and RONDE_URL', async () => {
    const { code, stderr } = await run(['run', 'close-inactive-visits']);
    expect(code).toBe(1);
    expect(stderr).toContain('npm start');
    expect(stderr).toContain('RONDE_URL');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('prints the answer and exits 0', async () => {
    await seed(world.store, 'page_visits', new Map([['dry', visit(120, 90)]]));
    const { code, stdout } = await run(['run', 'close-inactive-visits', '--dry-run', '--json'], deployed());
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      dry_run: true,
      closed_count: 0,
      would_close_count: 1,
      inactivity_minutes: 30,
    });
    expect((await world.store.doc('page_visits/dry').get()).get('end_time')).toBeNull();
    const text = await run(
      ['run', 'close-inactive-visits', '--dry-run', '--param', 'inactivity_minutes=1440'],
      deployed(),
    );
    expect(text).toMatchObject({ code: 0, stdout: expect.stringContaining('Would close 0') });
  });

  it('exits 1 if the task refuses, and prints the reason without the token', async () => {
    const foreign = await world.issuer.foreignToken();
    const { code, stdout, stderr } = await run(['run', 'close-inactive-visits'], deployed(foreign));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^401: ./);
    expect(stdout + stderr).not.toContain(foreign);
  });

  it('exits 2 on an unknown parameter of the task, and names the legal ones', async () => {
    const wrong = ['run', 'close-inactive-visits', '--param', 'inactivity_minutes=0'];
    expect(await run(wrong, deployed())).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('inactivity_minutes'),
    });
  });

  it('prints a line for each candidate of a dry run', async () => {
    await seed(world.store, 'page_visits', new Map([['named', visit(120, 90)]]));
    const { code, stdout } = await run(['run', 'close-inactive-visits', '--dry-run'], deployed());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}act {3}timeout: named$/m);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^succeeded: Would close \d+/);
  });

  it('prefers a running local cloud to RONDE_URL, and reports it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ronde-cli-stack-'));
    try {
      await mkdir(join(folder, '.local'));
      const stack = { gateway: world.url, issuer: world.issuer.issuer };
      await writeFile(join(folder, '.local/stack.json'), JSON.stringify(stack));
      const there = await run(['run', 'close-inactive-visits', '--dry-run'], { RONDE_URL: nobody }, folder);
      expect(there).toMatchObject({
        code: 0,
        stderr: `Calling the local cloud of this folder, not ${nobody}; stop npm start to call that.\n`,
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('exits 1 if the address does not answer', async () => {
    const { code, stderr } = await run(['run', 'close-inactive-visits'], {
      ...deployed(),
      RONDE_URL: nobody,
    });
    expect(code).toBe(1);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr).toContain(`${nobody} does not answer: connect ECONNREFUSED`);
  });
});

describe('--project and --region', () => {
  it('stand before RONDE_URL and a local cloud', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ronde-cli-named-'));
    try {
      await mkdir(join(folder, '.local'));
      const stack = { gateway: world.url, issuer: world.issuer.issuer };
      await writeFile(join(folder, '.local/stack.json'), JSON.stringify(stack));
      const named = await run(['followups', 'list', '--project', 'named-project'], deployed(), folder);
      expect(named).toMatchObject({ code: 1, stderr: expect.stringContaining('REGION') });
      const here = await run(['followups', 'list', '--region', 'europe-west1'], {}, folder);
      expect(here).toMatchObject({ code: 0, stderr: '' });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('completion', () => {
  /** Returns the words that bash offers. */
  async function complete(script: string): Promise<string[]> {
    const child = spawn('bash', ['--norc', '-c', `${script}\n_ronde; echo "\${COMPREPLY[@]}"`], {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return (await text(child.stdout)).trim().split(' ');
  }

  it('completes commands, options and tasks in bash; every command that calls something names its project', async () => {
    const { code, stdout } = await run(['completion', 'bash']);
    expect(code).toBe(0);
    const offered = (...words: string[]) => {
      const place = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}`;
      return complete(`${stdout}\n${place}`);
    };
    expect(await offered('ronde', 'sche')).toEqual(['scheduler']);
    expect(await offered('ronde', 'scheduler', 'pr')).toEqual(['prune']);
    expect(await offered('ronde', 'run', 'close-')).toEqual(['close-inactive-visits']);
    expect(await offered('ronde', 'run', 'sync-inbox', '--dry')).toEqual(['--dry-run']);
    expect(await offered('ronde', 'inbox', 'add', '--org', 'acme', '--ho')).toEqual(['--host']);
    const cases = [...stdout.matchAll(/^ {4}'(ronde [^']+)'\) words='([^']*)'/gm)];
    const leaves = cases.filter(([, path]) => !cases.some(([, other]) => other?.startsWith(`${path} `)));
    const silent = leaves.filter(([, , words]) => !words?.includes('--project')).map(([, path]) => path);
    expect(silent.sort()).toEqual([
      'ronde completion',
      'ronde recipe',
      'ronde scheduler simulate',
      'ronde secret generate',
    ]);
    expect((await run(['completion', 'fish'])).stderr).toContain('legal: bash, zsh');
  });
});

describe('loop', () => {
  async function untilLines(args: string[], env: Record<string, string>, count: number) {
    const { child, output, closed } = start(args, env);
    await expect
      .poll(() => output.stdout.split('\n').length - 1, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(count);
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await closed;
    return { code, stderr, lines: stdout.trimEnd().split('\n') };
  }

  it('prints the lines of the original, closes visits, and exits 0 on SIGTERM', async () => {
    await seed(world.store, 'page_visits', new Map([['looped', visit(120, 90)]]));
    const open = await world.store.collection('page_visits').where('end_time', '==', null).get();
    expect(await untilLines(['loop', 'close-inactive-visits', '--every', '1h'], deployed(), 2)).toEqual({
      code: 0,
      stderr: '',
      lines: [
        'Starting scheduler to close inactive visits every 60 minutes...',
        `Closed ${open.size} inactive visits`,
      ],
    });
    expect((await world.store.doc('page_visits/looped').get()).get('end_time')).not.toBeNull();
  });

  it('runs every 15 minutes by default, and prints an error without ending', async () => {
    const refused = await untilLines(
      ['loop', 'close-inactive-visits'],
      deployed(await world.issuer.foreignToken()),
      2,
    );
    expect(refused.code).toBe(0);
    expect(refused.lines[0]).toBe('Starting scheduler to close inactive visits every 15 minutes...');
    expect(refused.lines[1]).toMatch(/^Error: 401 - ./);
    const alone = await untilLines(
      ['loop', 'close-inactive-visits', '--every', '1s'],
      { ...deployed(), RONDE_URL: nobody },
      3,
    );
    expect(alone.code).toBe(0);
    expect(alone.lines[1]).toMatch(/^Error closing inactive visits: .+ does not answer/);
    expect(alone.lines[2]).toBe(alone.lines[1]);
  });
});
