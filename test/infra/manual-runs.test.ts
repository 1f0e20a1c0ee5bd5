import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tasks } from '../../functions/registry.ts';
import { OPERATOR } from '../../infra/local/environment.ts';
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
const hasCurl = programOrSkip('curl', 'the lines for people without Cloud Scheduler');

describe.skipIf(!hasCurl)('the crontab line', () => {
  const line = async () => {
    const entries = (await sourceOf('crontab.example')).split('\n').filter((text) => /^[^#\s]/.test(text));
    expect(entries).toHaveLength(1);
    const [, schedule, command] = /^((?:\S+ ){5})(.*)$/.exec(entries[0] ?? '') ?? [];
    expect(schedule).toBe('*/15 * * * * ');
    // cron turns an unescaped per cent sign into a line feed.
    expect(command).not.toContain('%');
    return (command ?? '').replace('https://YOUR-HOST', world.url);
  };

  it('closes visits, keeps a log, and never shows the secret', async () => {
    await writeFile(join(home, '.ronde-headers'), `X-Cron-Secret: ${world.secret}\n`, { mode: 0o600 });
    expect(await shell(await line())).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await closed()).toBe('timeout');
    const log = await readFile(join(home, 'ronde.log'), 'utf8');
    expect(log).toContain('"closed_count":1');
    expect(log + (await line())).not.toContain(world.secret);
  });

  it('fails loudly if the secret is wrong', async () => {
    await writeFile(join(home, '.ronde-headers'), `X-Cron-Secret: ${'x'.repeat(64)}\n`);
    expect((await shell(await line())).code).not.toBe(0);
    expect(await readFile(join(home, 'ronde.log'), 'utf8')).toMatch(/403/);
    expect(await closed()).toBeNull();
  });
});

describe('the systemd units', () => {
  it.skipIf(!hasCurl)('run the task as the service file says', async () => {
    const unit = await sourceOf('systemd/ronde@.service');
    const command = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? '';
    await writeFile(join(home, 'headers'), `X-Cron-Secret: ${world.secret}\n`);
    const line = command
      .replace('/usr/bin/curl', 'curl')
      .replace('%d', home)
      .replace(/\$\{URL\}/, world.url + ROUTE);
    expect(await shell(line)).toMatchObject({ code: 0, stdout: expect.stringContaining('"closed_count":1') });
    expect(await closed()).toBe('timeout');
  });

  it('have one OnCalendar each, and catch up on missed runs', async () => {
    const timer = await sourceOf(`systemd/ronde-${TASK}.timer`);
    expect(timer.match(/^OnCalendar=/gm)).toHaveLength(1);
    expect(timer).toMatch(/^Persistent=true$/m);
    expect(timer).toMatch(new RegExp(`^Unit=ronde@${TASK}\\.service$`, 'm'));
  });

  it.skipIf(!programOrSkip('systemd-analyze', 'the check of the systemd units'))(
    'are sound to systemd itself',
    async () => {
      const files = ['ronde@.service', `ronde-${TASK}.timer`].map((name) => join(INFRA, 'systemd', name));
      const found = await runProgram('systemd-analyze', ['verify', '--man=no', ...files], {
        env: { PATH: process.env.PATH ?? '', HOME: home },
      });
      expect(found).toEqual({ code: 0, stdout: '', stderr: '' });
    },
  );
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
