import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cutoffOf } from '../../../infra/cli/retention/run.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import { dump, startWorld, type World } from '../../support/world.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
let world: World;
let folder: string;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'ronde-retention-'));
});
afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function retention(...args: string[]) {
  const child = spawn(process.execPath, [ENTRY, 'retention', ...args], {
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

it('deletes finished documents that are older than chosen, after a preview of their number', async () => {
  const { store } = world;
  const old = Timestamp.fromMillis(Date.now() - 800 * 86_400_000);
  const young = Timestamp.fromMillis(Date.now() - 80 * 86_400_000);
  await store.doc('page_visits/old').set({ start_time: old, end_time: old });
  await store.doc('page_visits/open').set({ start_time: old, end_time: null });
  await store.doc('page_visits/young').set({ start_time: young, end_time: young });
  await store.doc('login_history/old').set({ login_at: old, logout_at: null });
  await store.doc('incidents/over').set({ opened_at: old, recovered_at: old });
  await store.doc('incidents/over/notices/a').set({ state: 'sent' });
  await store.doc('incidents/open').set({ opened_at: old, recovered_at: null });
  const before = await dump(store, world.redis);
  expect((await retention('apply')).stdout).toContain('No time is chosen, so everything is kept.');
  expect(await dump(store, world.redis)).toBe(before);

  expect((await retention('set', 'page_visits', '25')).code).toBe(0);
  expect((await retention('set', 'incidents', '12')).code).toBe(0);
  expect((await retention('show')).stdout).toMatch(/^page_visits: 25 months \(usual: 25; CNIL/);
  const chosen = await dump(store, world.redis);
  const look = await retention('apply', '--dry-run');
  expect(look.stdout).toMatch(/page_visits: 1 documents from before \S+ \(25 months\) would be deleted/);
  expect(look.stdout).toContain('incidents: 2 documents');
  expect((await retention('apply')).stderr).toContain('Not confirmed');
  expect(await dump(store, world.redis)).toBe(chosen);
  expect(JSON.parse((await retention('apply', '--yes', '--json')).stdout)).toMatchObject({
    dry_run: false,
    collections: [
      { name: 'page_visits', deleted: 1 },
      { name: 'incidents', deleted: 2 },
    ],
  });
  const left = await Promise.all(
    ['page_visits', 'login_history', 'incidents'].map((name) => store.collection(name).get()),
  );
  expect(left.flatMap(({ docs }) => docs.map(({ ref }) => ref.path))).toEqual([
    'page_visits/open',
    'page_visits/young',
    'login_history/old',
    'incidents/open',
  ]);
  expect((await store.collectionGroup('notices').get()).size).toBe(0);
});

it('rejects collections that the law keeps, unknown collections and illegal months', async () => {
  for (const [name, text, message] of [
    ['followups', '12', 'is kept with the invoice, ten years'],
    ['visits', '12', 'legal: page_visits, delay_alert_logs, incidents, login_history'],
    ['page_visits', '1', 'give 3 to 120 months, or ever'],
  ] as const)
    expect(await retention('set', name, text)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    });
});

it('counts calendar months, and ends on the last day of a short one', () => {
  expect(cutoffOf(new Date('2026-03-31T10:00:00Z'), 13).toISOString()).toBe('2025-02-28T10:00:00.000Z');
  expect(cutoffOf(new Date('2026-03-04T10:00:00Z'), 25).toISOString()).toBe('2024-02-04T10:00:00.000Z');
});
