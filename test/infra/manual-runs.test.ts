import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tasks } from '../../functions/registry.ts';
import { toCrontab, toSystemdScript } from '../../infra/cli/recipe/recipes.ts';
import { OPERATOR } from '../../infra/local/environment.ts';
import { readSchedule } from '../../infra/scheduler/file.ts';
import { GCLOUD_CLIENT } from '../../shared/doors/auth/token.ts';
import { programOrSkip, runProgram } from '../support/google/gcloud.ts';
import { seed, startWorld, visit, type World } from '../support/world.ts';

const INFRA = fileURLToPath(new URL('../../infra', import.meta.url));
const TASK = 'close-inactive-visits';
const ROUTE = '/api/v1/monitoring/close-inactive-visits';

let world: World;
let home: string;

beforeAll(async () => {
  world = await startWorld();
  home = await mkdtemp(join(tmpdir(), 'ronde-manual-'));
});
afterAll(async () => {
  await world?.stop();
  await rm(home, { recursive: true, force: true });
});
beforeEach(() => seed(world.store, 'page_visits', new Map([['left-open', visit(120, 90)]])));

const closed = async () => (await world.store.doc('page_visits/left-open').get()).get('close_reason');
const shell = (line: string) =>
  runProgram('/bin/sh', ['-c', line], { env: { PATH: process.env.PATH ?? '', HOME: home } });
const sourceOf = (name: string) => readFile(join(INFRA, name), 'utf8');
const { jobs } = readSchedule();
const hasAnalyze = programOrSkip('systemd-analyze', 'the check of the systemd units');
const hasCurl = programOrSkip('curl', 'the lines for people without Cloud Scheduler');

/** Runs a line as cron does: by sh, with an empty environment and no terminal. */
const asCron = (line: string) =>
  runProgram('/bin/sh', ['-c', line], { env: { PATH: '/usr/bin:/bin', HOME: home }, cwd: home });

describe.skipIf(!hasCurl)('the crontab', () => {
  const log = () => readFile(join(home, 'ronde.log'), 'utf8');
  const commands = toCrontab(jobs, 'https://YOUR-HOST')
    .split('\n')
    .filter((line) => /^[^#A-Z]/.test(line))
    .map((line) => /^((?:\S+ ){5})(.*)$/.exec(line) ?? [])
    .map(([, schedule = '', command = '']) => ({ schedule: schedule.trim(), command }));

  it('has one line for each task', () => {
    expect(commands.map(({ schedule }) => schedule)).toEqual(jobs.map(({ schedule }) => schedule));
    // cron turns an unescaped per cent sign into a line feed.
    for (const { command } of commands) expect(command).not.toMatch(/(?<!\\)%/);
  });

  it('is the source of every crontab line in the guides', async () => {
    const lines = toCrontab(jobs, 'https://YOUR-HOST').split('\n');
    const guides = join(INFRA, '../docs/guides');
    for (const name of await readdir(guides)) {
      const found = (await readFile(join(guides, name), 'utf8')).split('\n');
      for (const line of found.filter((text) => text.includes('ronde.log') && text.includes('curl ')))
        expect(lines, name).toContain(line);
    }
  });

  it('runs every task as printed, keeps a time and an answer per line, and leaves cron nothing to mail', async () => {
    await writeFile(join(home, '.ronde-headers'), `X-Cron-Secret: ${world.secret}\n`, { mode: 0o600 });
    for (const { command } of commands)
      expect(await asCron(command.replace('https://YOUR-HOST', world.url)), command).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
    expect(await closed()).toBe('timeout');
    const lines = (await log()).trimEnd().split('\n');
    expect(lines).toHaveLength(2 * jobs.length);
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\+00:00$/);
    expect(lines[1]).toContain('"closed_count":1');
    expect(lines.join()).not.toContain(world.secret);
  });

  it('keeps the reason of a failure, and leaves cron a line to mail', async () => {
    await writeFile(join(home, '.ronde-headers'), `X-Cron-Secret: ${'x'.repeat(64)}\n`);
    const [first] = commands;
    const { code, stderr } = await asCron((first?.command ?? '').replace('https://YOUR-HOST', world.url));
    expect(code).toBe(22);
    expect(stderr).toContain('403');
    expect(await log()).toContain('The secret is wrong; it is case-sensitive.');
    expect(await closed()).toBeNull();
  });
});

describe('the systemd units', () => {
  const folder = () => join(home, 'destination');
  const unitsOf = async () => {
    const path = join(folder(), 'etc/systemd/system');
    return { path, files: (await readdir(path)).sort() };
  };

  beforeAll(async () => {
    // This machine's own systemd takes no part: the script finds a program that notes its arguments.
    const shim = `#!/bin/sh\necho "$*" >> ${join(home, 'systemctl.log')}\n`;
    await writeFile(join(home, 'systemctl'), shim, { mode: 0o755 });
    const script = runProgram('/bin/sh', ['-c', toSystemdScript(jobs, world.url)], {
      env: { PATH: `${home}:/usr/bin:/bin`, DESTDIR: folder() },
      cwd: home,
    });
    expect(await script).toMatchObject({ code: 0, stderr: '' });
  });

  it('are installed by the script as printed, with a file for the secret that only its owner reads', async () => {
    const { files } = await unitsOf();
    expect(files).toEqual(['ronde@.service', ...jobs.map((job) => `ronde-${job.function}.timer`)].sort());
    const { mode } = await stat(join(folder(), 'etc/ronde/headers'));
    expect(mode & 0o777).toBe(0o600);
    const said = await readFile(join(home, 'systemctl.log'), 'utf8');
    expect(said).toMatch(
      /^daemon-reload\nenable --now ronde-close-inactive-visits\.timer .*watch-runs\.timer/,
    );
  });

  it.skipIf(!hasCurl)('run the task as the service file says', async () => {
    const unit = await sourceOf('systemd/ronde@.service');
    const command = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? '';
    await writeFile(join(home, 'headers'), `X-Cron-Secret: ${world.secret}\n`);
    const variables = parseEnv(await readFile(join(folder(), 'etc/ronde', `${TASK}.env`), 'utf8'));
    const line = command
      .replace('/usr/bin/curl', 'curl')
      .replace('%d', home)
      .replace(/\$\{(\w+)\}/g, (_, name: string) => `'${variables[name]}'`);
    expect(await shell(line)).toMatchObject({ code: 0, stdout: expect.stringContaining('"closed_count":1') });
    expect(await closed()).toBe('timeout');
  });

  it('have one OnCalendar each, catch up on missed runs, and wait longer than a run may take', async () => {
    const { path } = await unitsOf();
    for (const job of jobs) {
      const timer = await readFile(join(path, `ronde-${job.function}.timer`), 'utf8');
      expect(timer.match(/^OnCalendar=/gm)).toHaveLength(1);
      expect(timer).toMatch(/^Persistent=true$/m);
      expect(timer).toMatch(new RegExp(`^Unit=ronde@${job.function}\\.service$`, 'm'));
      const variables = parseEnv(await readFile(join(folder(), 'etc/ronde', `${job.function}.env`), 'utf8'));
      expect(Number(variables.MAX_TIME)).toBeGreaterThan(job.budget_seconds);
    }
  });

  it.skipIf(!hasAnalyze)('are sound to systemd itself', async () => {
    const { path, files } = await unitsOf();
    const args = ['verify', '--man=no', ...files.map((file) => join(path, file))];
    const found = await runProgram('systemd-analyze', args, {
      env: { PATH: process.env.PATH ?? '', HOME: home },
    });
    expect(found).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

describe('an outside web cron', () => {
  it.each(tasks.map((task) => [task.name, task] as const))(
    'calls %s only by its methods',
    async (_, task) => {
      const url = `${world.url}${task.route}?dry_run=true&budget_seconds=25&secret=${world.secret}`;
      for (const method of ['GET', 'POST'] as const) {
        const { status } = await fetch(url, { method });
        expect({ method, status }).toEqual({ method, status: task.methods.includes(method) ? 200 : 405 });
      }
    },
  );

  it('gets an answer within its 30 seconds with a budget of 25', async () => {
    const { body } = await world.post(`${ROUTE}?budget_seconds=25&secret=${world.secret}`);
    expect(body).toMatchObject({ outcome: 'succeeded', complete: true, closed_count: 1 });
  });
});

it("ronde run sends gcloud's identity token to a deployed project", async () => {
  // Google signs these for people who are signed in; here the local issuer does, for the same audience.
  const token = await world.issuer.googleToken({ email: OPERATOR, audience: GCLOUD_CLIENT });
  const account = JSON.stringify({ core: { account: OPERATOR } });
  const said = `#!/bin/sh\ncase "$*" in\n'config list'*) echo '${account}';;\n'auth print-identity-token') echo '${token}';;\n*) exit 1;;\nesac\n`;
  await writeFile(join(home, 'gcloud'), said, { mode: 0o755 });
  const { code, stdout, stderr } = await runProgram(
    process.execPath,
    [join(INFRA, 'cli/main.ts'), 'run', TASK, '--json'],
    { env: { PATH: `${home}:${process.env.PATH}`, HOME: home, RONDE_URL: world.url }, cwd: home },
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const record = await world.store.doc(`task_runs/${JSON.parse(stdout).run_id}`).get();
  expect(record.data()).toMatchObject({ trigger: 'operator', requested_by: OPERATOR });
});
