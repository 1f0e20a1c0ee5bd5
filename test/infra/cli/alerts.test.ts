import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tasks } from '../../../functions/registry.ts';
import { describeAlerts } from '../../../infra/cli/alerts/check.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import { at } from '../../support/presence.ts';
import { clear, dump, NOW, seed, startWorld, type World } from '../../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
const DAY_MS = 86_400_000;
let world: World;
let folder: string;
let admin: string;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'ronde-alerts-'));
});
afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  world.reconfigure({});
  world.smtp.clear();
  admin = await world.issuer.userToken('admintest1');
  for (const name of ['tickets', 'delay_alert_logs', 'alert_recipients']) await clear(world.store, name);
});

async function run(...args: string[]) {
  const child = spawn(process.execPath, [ENTRY, 'alerts', ...args], {
    cwd: folder,
    env: { ...nodeEnvironment(), HOME: folder, RONDE_URL: world.url, RONDE_TOKEN: admin },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += String(chunk);
  });
  const [code] = await once(child, 'close');
  return { code: code as number | null, ...output };
}
const daysAgo = (days: number) => at(NOW.getTime() - days * DAY_MS);
const ticket = (more: object = {}) => ({
  number: 'R-7',
  device: 'Phone',
  status: 'active',
  stage: 'repair',
  stage_entered_at: daysAgo(20),
  created_at: daysAgo(30),
  ...more,
});
const fill = (collection: string, documents: Record<string, object>) =>
  seed(world.store, collection, new Map(Object.entries(documents)));

describe('ronde alerts ticket', () => {
  it('prints the time in the stage and its source, why it is late, and the last alerts', async () => {
    await fill('tickets', { t1: ticket(), t2: ticket({ number: 'R-8' }) });
    const sent = { ticket_id: 't1', stage: 'repair', state: 'sent', message_id: '<1@ronde.test>' };
    await fill('delay_alert_logs', {
      a: { ...sent, recipient: 'ada@example.test', claimed_at: daysAgo(2) },
      b: { ...sent, recipient: 'bob@example.test', claimed_at: daysAgo(1), state: 'unknown' },
      other: { ...sent, ticket_id: 't2', recipient: 'cy@example.test', claimed_at: daysAgo(1) },
    });
    const { code, stdout, stderr } = await run('ticket', 't1');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      'Ticket R-7 (t1), Phone',
      'Stage     repair, for 20 whole days, since 2026-02-12T10:00:00.000Z',
      'Since     its field stage_entered_at',
      'Threshold 14 days: late after 2026-02-26T10:00:00.000Z',
      'Late      yes: longer in its stage than the threshold',
      'Alerts    newest first',
      '  2026-03-03T10:00:00.000Z  unknown  bob@example.test  repair  <1@ronde.test>',
      '  2026-03-02T10:00:00.000Z  sent  ada@example.test  repair  <1@ronde.test>',
      '',
    ]);
  });

  it('prints why a ticket is not late: too short in its stage, or not active; --json prints everything', async () => {
    const { stage_entered_at: _, ...bare } = ticket({ created_at: daysAgo(3) });
    await fill('tickets', { young: bare, closed: ticket({ status: 'closed' }) });
    const young = await run('ticket', 'young');
    expect(young.stdout).toContain('Since     its creation');
    expect(young.stdout).toContain('Late      no: not longer in its stage than the threshold');
    expect(young.stdout).toContain('Alerts    none yet');
    expect((await run('ticket', 'closed')).stdout).toContain('no: its status is closed, and only active');
    const { code, stdout } = await run('ticket', 'closed', '--json');
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { id: 'closed', alerts: [], delay: { late: false } },
    ]);
  });

  it('prints that a ticket is snoozed, or in a stage that never counts', async () => {
    await fill('settings', { alerts: { stages: { parts: { excluded: true } } } });
    await fill('tickets', { s: ticket({ snoozed_until: daysAgo(-1) }), p: ticket({ stage: 'parts' }) });
    expect((await run('ticket', 's')).stdout).toContain(
      'Late      no: snoozed until 2026-03-05T10:00:00.000Z',
    );
    expect((await run('ticket', 'p')).stdout).toContain('Late      no: settings/alerts excludes its stage');
    await world.store.doc('settings/alerts').delete();
  });

  it('prints no control characters, whatever a ticket is named', async () => {
    await fill('tickets', { t1: ticket({ number: '\u001b[2J\r\nLate      no', device: '\u202eenohP' }) });
    const { stdout } = await run('ticket', 't1');
    expect(stdout.split('\n')[0]).toBe('Ticket  [2J Late      no (t1),  enohP');
  });

  it('takes the number of a ticket, also with a slash, and names those that share one', async () => {
    await fill('tickets', { n1: ticket({ number: '2026/17' }), n2: ticket({ number: 'R-71' }) });
    expect((await run('ticket', '2026/17')).stdout).toContain('Ticket 2026/17 (n1), Phone');
    expect((await run('ticket', 'r-71')).stdout).toContain('Ticket R-71 (n2), Phone');
    await fill('tickets', { n3: ticket({ number: 'R-71' }) });
    const both = await run('ticket', 'R-71');
    expect(both.code).toBe(2);
    expect(both.stderr).toMatch(/^2 tickets are called "R-71".*\n {2}n2 {2}R-71.*\n {2}n3 {2}R-71/);
  });

  it('exits 1 for an unknown ticket, and 2 for an illegal id', async () => {
    expect(await run('ticket', 'nothing')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('404: There is no ticket "nothing"'),
    });
    expect((await run('ticket', 'a/b')).code).toBe(2);
    expect((await run('ticket')).code).toBe(2);
  });
});

describe('ronde alerts test-email', () => {
  it('sends one mail, and prints the answer of the server', async () => {
    const { code, stdout } = await run('test-email', 'Ada@example.test');
    expect(code).toBe(0);
    expect(stdout).toContain(
      `The mail server ${world.smtp.host}:${world.smtp.port} has accepted the message for ada@example.test.`,
    );
    expect(world.smtp.mails()).toMatchObject([{ to: ['ada@example.test'] }]);
    world.smtp.refuse('ada@example.test', 550);
    const refused = await run('test-email', 'ada@example.test', '--json', '--locale', 'fr');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ ok: false, outcome: 'failed' });
  });

  it('exits 1 with the remedy while mail is paused, and 2 for an illegal address or language', async () => {
    world.reconfigure({ EMAIL_PAUSED: 'true' });
    const paused = await run('test-email', 'ada@example.test');
    expect(paused).toMatchObject({ code: 1, stderr: expect.stringContaining('unset EMAIL_PAUSED') });
    expect((await run('test-email', 'ada')).code).toBe(2);
    expect((await run('test-email', 'ada@example.test', '--locale', 'de')).code).toBe(2);
    expect(world.smtp.mails()).toEqual([]);
  });
});

describe('ronde alerts check', () => {
  it('prints one line per ticket and recipient', () => {
    const pair = {
      ticket_number: 'R-7\r\n',
      stage: 'repair',
      days_in_stage: 20,
      recipient: 'ada@example.test',
    };
    expect(
      describeAlerts([
        { id: 't1:a', decision: 'act', reason: 'new', ...pair },
        { id: 't1:b', decision: 'skip', reason: 'suppressed', until: '2026-03-05T07:00:00.000Z', ...pair },
        { id: 't2:nobody', decision: 'skip', reason: 'no_active_recipient', recipient: null },
      ]),
    ).toEqual([
      '  act   new: R-7 , repair, 20 d -> ada@example.test',
      '  skip  suppressed until 2026-03-05T07:00:00.000Z: R-7 , repair, 20 d -> ada@example.test',
      '  skip  no_active_recipient: t2:nobody -> nobody',
    ]);
    expect(describeAlerts(undefined)).toEqual([]);
  });

  it('exits 2 on unknown options', async () => {
    expect((await run('check', '--dryrun')).code).toBe(2);
  });

  it.runIf(tasks.some(({ name }) => name === 'check-delay-alerts'))(
    'lists the mails in a dry run, and sends them in a run',
    async () => {
      await fill('tickets', { t1: ticket() });
      await fill('alert_recipients', { a: { name: 'Ada', email: 'ada@example.test', active: true } });
      const before = await dump(world.store, world.redis);
      const dry = await run('check', '--dry-run');
      expect(dry.code).toBe(0);
      expect(dry.stdout).toContain('act   new: R-7, repair, 20 d -> ada@example.test');
      expect(await dump(world.store, world.redis)).toBe(before);
      expect((await run('check')).code).toBe(0);
      expect(world.smtp.mails()).toHaveLength(1);
      const { code, stdout } = await run('check', '--force', '--json');
      expect([code, JSON.parse(stdout).force]).toEqual([0, true]);
      expect(world.smtp.mails()).toHaveLength(2);
    },
  );
});
