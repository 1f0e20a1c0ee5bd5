import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clearFollowups, settingsFields } from '../../support/followups.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import { clear, dump, NOW, startWorld, type World } from '../../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
const stamp = (text: string) => Timestamp.fromMillis(Date.parse(text));
let world: World;
let folder: string;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'ronde-import-'));
});
afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  world.smtp.clear();
  await clearFollowups(world.store);
  await world.store.recursiveDelete(world.store.collection('tickets'));
  for (const name of ['page_visits', 'users', 'login_history', 'alert_recipients'])
    await clear(world.store, name);
});

/** Runs `ronde import KIND FILE ...` in a separate process, with a file of these lines. */
async function importLines(kind: string, lines: readonly (object | string)[], ...flags: string[]) {
  const file = join(folder, `${kind}.jsonl`);
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  await writeFile(file, text.join('\n'));
  const child = spawn(process.execPath, [ENTRY, 'import', kind, file, ...flags], {
    cwd: folder,
    env: { ...nodeEnvironment(), HOME: folder, ...world.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk) => {
      output[name] += String(chunk);
    });
  const [code] = await once(child, 'close');
  return { code: code as number | null, ...output };
}

const visit = (id: number, more: object = {}) => ({
  id: `visit-${id}`,
  user_id: 'ada',
  path: '/repairs',
  start_time: '2024-01-15T14:30:00Z',
  ...more,
});
const followup = (source_id: string, more: object = {}) => ({
  org_id: 'org-1',
  type: 'invoice',
  source_id,
  customer: { name: 'Ada Lovelace', email: 'ada@example.test' },
  amount_due: 120,
  due_date: '2026-02-20',
  ...more,
});
const stored = async (path: string) => (await world.store.doc(path).get()).data();
const count = async (collection: string) =>
  (await world.store.collection(collection).count().get()).data().count;

describe('ronde import visits', () => {
  it('imports rows of PostgreSQL and MongoDB, and keeps visits without an end open', async () => {
    const result = await importLines('visits', [
      visit(1, { start_time: '2024-01-15 14:30:00.123456+00', end_time: '2024-01-15T15:00:00.123456+00:00' }),
      visit(2, { id: { $oid: '65a54d1f0000000000000002' }, start_time: { $date: '2024-01-15T14:30:00Z' } }),
      visit(3, { id: 3, start_time: { $date: { $numberLong: '1705329000000' } }, end_time: null }),
      '',
    ]);
    expect(result).toMatchObject({
      code: 0,
      stdout: '3 lines: 3 created, 0 exist already and stay unchanged\n',
    });
    expect(await stored('page_visits/visit-1')).toEqual({
      user_id: 'ada',
      path: '/repairs',
      start_time: new Timestamp(1705329000, 123456000),
      end_time: new Timestamp(1705330800, 123456000),
      duration_seconds: 1800,
      close_reason: null,
      duration_source: null,
      closed_at: null,
    });
    expect(await stored('page_visits/3')).toMatchObject({
      start_time: stamp('2024-01-15T14:30:00Z'),
      end_time: null,
    });
    expect(await stored('page_visits/65a54d1f0000000000000002')).toMatchObject({ end_time: null });
    const swept = await world.post('/api/v1/monitoring/close-inactive-visits', {
      headers: { 'X-Cron-Secret': world.secret },
    });
    expect(swept.body).toMatchObject({ closed_count: 2 });
  });

  it('lists every fault with its line, value and rule, and writes nothing', async () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => visit(index + 1));
    lines[16] = visit(17, { start_time: '15/01/2024 14:30' });
    lines[4_710] = visit(4_711, { end_time: '2024-01-15T14:00:00Z', colour: 'blue' });
    const before = await dump(world.store, world.redis);
    const result = await importLines('visits', lines);
    expect(result.code).toBe(1);
    expect(result.stdout.split('\n').slice(0, -1)).toEqual([
      'line 17: start_time "15/01/2024 14:30": must be an instant with its offset, such as 2026-03-31T09:00:00Z',
      expect.stringMatching(/^line 4711: colour: no such field; legal: id, user_id, session_id, path/),
      'line 4711: end_time "2024-01-15T14:00:00Z": must not be before start_time',
      '2 of 5000 lines have faults: nothing was written. Correct them, or skip them with --skip-faulty.',
    ]);
    expect(await dump(world.store, world.redis)).toBe(before);
    expect(await importLines('visits', lines, '--skip-faulty')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('5000 lines: 4998 created'),
    });
    expect(await count('page_visits')).toBe(4_998);
  });

  it('reports the field, value and rule of each faulty line', async () => {
    const cases: [object | string, string][] = [
      ['not json', 'not json is no JSON object'],
      ['[1]', '[1] is no JSON object'],
      [{ ...visit(1), path: undefined }, 'path is missing'],
      [visit(1, { start_time: '2999-01-01T00:00:00Z' }), 'lies in the future'],
      [visit(1, { start_time: '2024-02-30T00:00:00Z' }), 'must be an instant'],
      [visit(1, { start_time: '2024-01-15T14:30:00' }), 'must be an instant with its offset'],
      [
        visit(1, { end_time: '2024-01-15T14:29:59Z' }),
        'end_time "2024-01-15T14:29:59Z": must not be before start_time',
      ],
      [visit(1, { duration_seconds: 5 }), 'goes with end_time'],
      [
        visit(1, { end_time: '2024-01-15T15:00:00Z', duration_seconds: 99 }),
        'duration_seconds 99: must be end_time - start_time, 1800',
      ],
      [visit(1, { id: 'a/b' }), 'id "a/b": must be the id of a document'],
      ['x'.repeat(1_100_000), 'is longer than 1 MiB'],
    ];
    const result = await importLines('visits', [visit(2), ...cases.map(([line]) => line)]);
    expect(result.code).toBe(1);
    const printed = result.stdout.split('\n');
    for (const [index, [, message]] of cases.entries()) {
      expect(printed[index]).toMatch(new RegExp(`^line ${index + 2}: `));
      expect(printed[index]).toContain(message);
    }
    expect(await count('page_visits')).toBe(0);
  });

  it('reports the second line about the same visit', async () => {
    const { stdout } = await importLines('visits', [visit(1), visit(2), visit(1, { path: '/other' })]);
    expect(stdout).toContain('line 3: is about the same document as line 1');
  });

  it('never changes existing documents, however often it runs', async () => {
    const lines = [visit(1), visit(2)];
    await importLines('visits', lines);
    await world.store.doc('page_visits/visit-1').update({ end_time: stamp('2024-01-15T14:40:00Z') });
    const before = await dump(world.store, world.redis);
    const again = await importLines('visits', [...lines, visit(1, { id: 'visit-1b' })]);
    expect(again.stdout).toBe('3 lines: 1 created, 2 exist already and stay unchanged\n');
    await world.store.doc('page_visits/visit-1b').delete();
    expect(await dump(world.store, world.redis)).toBe(before);
  });

  it('reports in a dry run what it would create, and writes nothing', async () => {
    await importLines('visits', [visit(1)]);
    const before = await dump(world.store, world.redis);
    const look = await importLines('visits', [visit(1), visit(2)], '--dry-run', '--json');
    expect(JSON.parse(look.stdout)).toMatchObject({
      dry_run: true,
      lines: 2,
      created: 1,
      existing: 1,
      faults: [],
    });
    expect(await dump(world.store, world.redis)).toBe(before);
  });

  it('rejects an unknown kind, a missing file and an environment without a project', async () => {
    expect(await importLines('visitors', [])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there are visits, users, login_history'),
    });
    const { environment } = world;
    world.environment = { ...environment, GOOGLE_CLOUD_PROJECT: '' };
    expect(await importLines('visits', [])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('GOOGLE_CLOUD_PROJECT is empty'),
    });
    world.environment = environment;
  });
});

describe('ronde import of people, tickets and recipients', () => {
  it('adds the missing fields of a user who has signed in, and changes nothing else', async () => {
    await world.store.doc('users/ada').set({
      role: 'admin',
      is_online: true,
      last_activity_at: stamp('2026-03-04T09:59:00Z'),
      logged_out_at: null,
    });
    const result = await importLines('users', [
      {
        id: 'ada',
        email: ' Ada@Example.test',
        display_name: 'Ada',
        last_activity_at: '2020-01-01T00:00:00Z',
        logged_out_at: '2020-01-02T00:00:00Z',
      },
      { id: 'bob', email: 'bob@example.test' },
    ]);
    expect(result.stdout).toBe(
      '2 lines: 1 created, 0 exist already and stay unchanged, 1 got the fields they lacked\n',
    );
    expect(await stored('users/ada')).toEqual({
      role: 'admin',
      is_online: true,
      last_activity_at: stamp('2026-03-04T09:59:00Z'),
      logged_out_at: null,
      email: 'ada@example.test',
      display_name: 'Ada',
    });
    expect(await stored('users/bob')).toEqual({
      email: 'bob@example.test',
      role: 'user',
      is_online: false,
      last_activity_at: null,
      logged_out_at: null,
    });
  });

  it('imports logins, and rejects one that ends before it begins', async () => {
    const login = { id: 7, user_id: 'ada', login_at: '2024-01-15T09:00:00Z' };
    expect((await importLines('login_history', [login])).code).toBe(0);
    expect(await stored('login_history/7')).toEqual({
      user_id: 'ada',
      login_at: stamp('2024-01-15T09:00:00Z'),
      logout_at: null,
    });
    const { stdout } = await importLines('login_history', [
      { ...login, id: 8, logout_at: '2024-01-15T08:00:00Z' },
    ]);
    expect(stdout).toContain('logout_at "2024-01-15T08:00:00Z": must not be before login_at');
  });

  it('imports tickets and then their events, which show that a ticket is late', async () => {
    const event = { id: 1, ticket_id: 't-1', to: 'diagnosis', from: 'received', at: '2026-01-20T09:00:00Z' };
    expect((await importLines('ticket_events', [event])).stdout).toContain(
      'ticket_id "t-1": there is no such ticket; import tickets first',
    );
    const ticket = {
      id: 't-1',
      number: 'R-1',
      device: 'Lamp',
      status: 'active',
      stage: 'diagnosis',
      created_at: '2026-01-10T09:00:00Z',
      assignee: 'Ada',
    };
    const reopened = { ...ticket, id: 't-2', number: 'R-2', reopened_at: '2026-01-25T09:00:00Z' };
    expect((await importLines('tickets', [ticket, reopened])).code).toBe(0);
    expect((await importLines('ticket_events', [event])).code).toBe(0);
    const admin = await world.issuer.userToken('admintest1');
    const late = await fetch(`${world.url}/v1/admin/tickets?late=true`, {
      headers: { Authorization: `Bearer ${admin}` },
    });
    expect(await late.json()).toMatchObject({
      items: [
        { id: 't-1', assignee: 'Ada', delay: { source: 'events', since: '2026-01-20T09:00:00.000Z' } },
        { id: 't-2', delay: { source: 'reopened_at', since: '2026-01-25T09:00:00.000Z' } },
      ],
    });
  });

  it('adds each recipient once, and never changes existing ones', async () => {
    await world.store
      .doc('alert_recipients/ada')
      .set({ name: 'Ada', email: 'ada@example.test', active: false, locale: 'en' });
    const lines = [
      { name: 'Ada L.', email: 'ADA@example.test' },
      { id: 'bob', name: 'Bob', email: 'bob@example.test' },
      { name: 'Cléo', email: 'cleo@example.test', stages: ['repair'], escalate_after_days: 7 },
    ];
    expect((await importLines('recipients', lines)).stdout).toContain('2 created, 1 exist already');
    expect((await importLines('recipients', lines)).stdout).toContain('0 created, 3 exist already');
    expect(await stored('alert_recipients/ada')).toEqual({
      name: 'Ada',
      email: 'ada@example.test',
      active: false,
      locale: 'en',
    });
    const { docs } = await world.store
      .collection('alert_recipients')
      .where('email', '==', 'cleo@example.test')
      .get();
    expect(docs.map((doc) => doc.data())).toMatchObject([{ stages: ['repair'], escalate_after_days: 7 }]);
    expect(await stored('alert_recipients/bob')).toEqual({
      name: 'Bob',
      email: 'bob@example.test',
      active: true,
      locale: 'fr',
    });
    expect(await count('alert_recipients')).toBe(3);
  });
});

describe('ronde import followups', () => {
  const process = () =>
    world.post('/api/followups/process-automatic', { headers: { 'X-Cron-Secret': world.secret } });

  it('creates the same follow-up as POST, scheduled by the rules, with its history', async () => {
    await importLines('followups', [followup('inv-1', { level: 1, last_sent_at: '2026-02-28T09:00:00Z' })]);
    const { docs } = await world.store.collection('followups').get();
    expect(docs).toHaveLength(1);
    expect(docs[0]?.data()).toMatchObject({
      level: 1,
      status: 'open',
      auto_enabled: true,
      due_date: stamp('2026-02-19T23:00:00Z'),
    });
    const history = await docs[0]?.ref.collection('history').get();
    expect(history?.docs[0]?.data()).toMatchObject({
      reason: 'created',
      detail: 'imported',
      by: 'ronde import',
    });
    const admin = await world.issuer.userToken('admintest1');
    const same = await world.post('/api/followups', {
      headers: { Authorization: `Bearer ${admin}` },
      body: { org_id: 'org-1', type: 'invoice', source_id: 'inv-1', amount_due: 60 },
    });
    expect(same.body).toMatchObject({ id: docs[0]?.id, amount_due: 60, level: 1 });
  });

  it('sends no mail, whether automatic follow-ups are on or off', async () => {
    world.clock.set(new Date());
    const lines = Array.from({ length: 300 }, (_, index) => followup(`inv-${index}`));
    await world.store.doc('billing_settings/org-1').set(settingsFields({ auto_followups_enabled: false }));
    await importLines('followups', lines.slice(0, 150));
    expect((await process()).body.followups).toMatchObject({ sent: 0 });
    await world.store.doc('billing_settings/org-1').set(settingsFields());
    await clear(world.store, 'followups');
    const result = await importLines('followups', lines);
    expect(result.stdout).toMatch(
      /^org-1: its automatic follow-ups are on and 300 of these are due.* is held until PUT/,
    );
    expect((await process()).body.followups).toMatchObject({ sent: 0 });
    expect(world.smtp.mails()).toHaveLength(0);
    const held = await stored('billing_settings/org-1');
    expect((await importLines('followups', lines)).stdout).toBe(
      '300 lines: 0 created, 300 exist already and stay unchanged\n',
    );
    expect(await stored('billing_settings/org-1')).toEqual(held);
    const admin = await world.issuer.userToken('admintest1');
    const confirmed = await fetch(`${world.url}/v1/admin/billing-settings/org-1`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ confirm_held: true }),
    });
    expect(await confirmed.json()).toMatchObject({ activation: { would_send_now: 300, held: 0 } });
    world.clock.set(NOW);
  });

  it('requires the time of the last level, and readable settings', async () => {
    expect((await importLines('followups', [followup('inv-1', { level: 2 })])).stdout).toContain(
      'last_sent_at is missing: must be given where level is above 0',
    );
    const days = [followup('inv-1'), followup('inv-2', { due_day: '2026-02-21' })];
    expect((await importLines('followups', days)).stdout).toContain(
      'line 2: due_day "2026-02-21" is not the day of due_date "2026-02-20"',
    );
    await world.store.doc('billing_settings/org-1').set({ time_zone: 'Mars' });
    expect((await importLines('followups', [followup('inv-1')])).stdout).toContain(
      'org_id "org-1": billing settings: time_zone "Mars"',
    );
  });
});
