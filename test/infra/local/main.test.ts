import { existsSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeOverridden } from '../../../infra/local/settings.ts';
import { type LocalCloud, localFolder } from '../../support/local-cloud.ts';

/** The time that a busy machine may take to stop a whole stack. */
const GONE = { timeout: 30_000 };

let local: Awaited<ReturnType<typeof localFolder>>;

beforeEach(async () => {
  local = await localFolder();
});
afterEach(() => local.remove());

async function ready(env?: Record<string, string>): Promise<LocalCloud> {
  const cloud = local.start(env);
  await cloud.printed('Ready: ');
  return cloud;
}

/** Returns the engines that work in the cloud's folder; Dovecot works in another one. */
function enginePids(cloud: LocalCloud): number[] {
  const { imap: _elsewhere, ...pids } = cloud.stackFile().pids;
  return Object.values(pids).filter((pid) => pid !== null);
}

/** Waits for the end and requires that no process and no file is left. */
async function nothingLeft(cloud: LocalCloud): Promise<void> {
  await cloud.ended;
  await expect.poll(() => local.processes(), GONE).toEqual([]);
  expect(existsSync(cloud.file)).toBe(false);
}

describe('npm start', () => {
  it('prints that it is ready and writes all addresses to a file that only its user may read', async () => {
    const cloud = await ready();
    const file = cloud.stackFile();
    expect(cloud.output.stdout).toContain(`Ready: ${file.gateway} `);
    expect(statSync(cloud.file).mode & 0o777).toBe(0o600);
    expect((await fetch(`${file.gateway}/nowhere`)).status).toBe(404);
    const pids = enginePids(cloud);
    expect(pids.length).toBeGreaterThanOrEqual(2);
    expect(local.processes()).toEqual(expect.arrayContaining([cloud.child.pid, ...pids]));
    cloud.child.kill('SIGTERM');
    expect(await cloud.ended).toEqual({ code: 0, signal: null });
    expect(cloud.output.stderr).toBe('');
    await nothingLeft(cloud);
  });

  it.each([
    ['Ctrl-C', 'SIGINT'],
    ['a closed terminal', 'SIGHUP'],
  ] as const)('exits 0 and leaves nothing after %s, which the engines receive too', async (_, signal) => {
    const cloud = await ready({ RONDE_DEMO: '0' });
    process.kill(-(cloud.child.pid as number), signal);
    expect(await cloud.ended).toEqual({ code: 0, signal: null });
    expect(cloud.output.stderr).toBe('');
    await nothingLeft(cloud);
  });

  it('exits 0 and leaves nothing if it is stopped before it is ready', async () => {
    const cloud = local.start();
    await cloud.printed('Firestore: ');
    cloud.child.kill('SIGTERM');
    expect(await cloud.ended).toEqual({ code: 0, signal: null });
    await nothingLeft(cloud);
  });

  it.each([
    ['redis', 'Redis'],
    ['firestore', 'Firestore'],
  ] as const)('says in one line that %s has died and stops everything else', async (engine, name) => {
    const cloud = await ready({ RONDE_DEMO: '0' });
    process.kill(cloud.stackFile().pids[engine] as number, 'SIGKILL');
    expect(await cloud.ended).toEqual({ code: 1, signal: null });
    expect(cloud.output.stderr).toMatch(new RegExp(`^${name} \\(.+\\) has died; .*npm start.*\\n$`));
    await nothingLeft(cloud);
  });

  it('leaves no engine running if it is killed', async () => {
    const cloud = await ready({ RONDE_DEMO: '0' });
    expect(local.processes()).toEqual(expect.arrayContaining(enginePids(cloud)));
    const { imap } = cloud.stackFile().pids;
    if (imap !== null) expect(() => process.kill(imap, 0)).not.toThrow();
    cloud.child.kill('SIGKILL');
    expect(await cloud.ended).toEqual({ code: null, signal: 'SIGKILL' });
    await expect.poll(() => local.processes(), GONE).toEqual([]);
    if (imap !== null) await expect.poll(() => existsSync(`/proc/${imap}`), GONE).toBe(false);
  });

  it('stops everything if its npm is killed', async () => {
    const cloud = local.startUnder({ RONDE_DEMO: '0' });
    await cloud.printed('Ready: ');
    cloud.child.kill('SIGKILL');
    expect(await cloud.ended).toEqual({ code: null, signal: 'SIGKILL' });
    await nothingLeft(cloud);
  });

  it('leaves no engine running if it is killed before it is ready', async () => {
    const cloud = local.start();
    await cloud.printed('Firestore: ');
    cloud.child.kill('SIGKILL');
    await nothingLeft(cloud);
  });
});

describe('npm start rejects in one line', () => {
  async function refused(env: Record<string, string>): Promise<string> {
    const cloud = local.start(env);
    expect(await cloud.ended).toEqual({ code: 1, signal: null });
    await nothingLeft(cloud);
    expect(cloud.output.stderr).not.toMatch(/^\s+at /m);
    // No engine was started for it.
    expect(cloud.output.stdout).toBe('');
    return cloud.output.stderr;
  }

  it('a port that another program uses', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const said = await refused({ PORT: String(port) });
    server.close();
    expect(said).toBe(`Port ${port} is taken; stop what uses it, or start with PORT=0 or another PORT.\n`);
  });

  it('the port of a local cloud in the same folder, and keeps its file', async () => {
    const first = await ready({ RONDE_DEMO: '0' });
    const { gateway } = first.stackFile();
    const before = local.processes();
    const second = local.start({ PORT: new URL(gateway).port });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.output.stderr).toMatch(/^Port \d+ is taken; .*\n$/);
    expect(first.stackFile().gateway).toBe(gateway);
    await expect.poll(() => local.processes(), GONE).toEqual(before);
  });

  it.each([
    ['PORT', 'eighty', 'it must be a whole number from 0 (any free one) to 65535.'],
    ['PORT', '65536', 'it must be a whole number from 0 (any free one) to 65535.'],
    ['RONDE_ENGINES', 'imaginary', 'it must be real, embedded or auto.'],
  ])('%s=%s', async (name, value, rule) => {
    expect(await refused({ [name]: value })).toBe(`${name} is "${value}"; ${rule}\n`);
  });

  it('missing real engines, all at once', async () => {
    const said = await refused({
      RONDE_ENGINES: 'real',
      PATH: '/nonexistent',
      RONDE_FIRESTORE_JAR: '/nonexistent.jar',
    });
    for (const name of ['no java', '/nonexistent.jar', 'no redis-server', 'no chromium']) {
      expect(said).toContain(name);
    }
  });
});

it('npm start names the variables that have no effect', () => {
  const set = { EMAIL_HOST: 'smtp.example.test', CRON_SECRET: 'made-up', PORT: '0', OPERATORS: '' };
  expect(describeOverridden(set)).toBe(
    'Without effect here, where all services are local: EMAIL_HOST (.env or the shell)',
  );
  expect(describeOverridden({ PATH: '/bin' })).toBeNull();
});
