import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { localSettings } from '../../../infra/local/settings.ts';
import { type Stack, startStack } from '../../../infra/local/stack.ts';
import { createLog } from '../../../shared/doors/log.ts';
import { handClock, minutes, NOW } from '../../support/world.ts';

const TASK = 'close-inactive-visits';
const clock = handClock();
const at = (time: string) => new Date(`2026-03-04T${time}Z`);
const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
let stack: Stack;

beforeAll(async () => {
  const { prefer } = localSettings();
  const settings = { port: 0, prefer, firing: false, demo: false, cronSecret: undefined };
  stack = await startStack({ ...settings, clock, log: createLog(sink) });
});
afterAll(() => stack?.stop());

/** Sends JSON with the user's token, like a browser. */
async function browser(path: string, body: object): Promise<number> {
  const response = await fetch(`${stack.file.gateway}/api/v1/visits${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${stack.file.tokens.user}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.status;
}

async function begin(): Promise<string> {
  const id = randomUUID();
  expect(await browser('', { visit_id: id, session_id: randomUUID(), path: '/repairs' })).toBe(201);
  return id;
}

const stored = async (id: string) => (await stack.deps.store.doc(`page_visits/${id}`).get()).data();

/** Returns the ledger's records of the task, oldest first. */
async function ledger() {
  const { docs } = await stack.deps.store.collection('task_runs').where('task', '==', TASK).get();
  const rows = docs.map((doc) => ({ id: doc.id, ...doc.data() }) as Record<string, unknown>);
  const startedAt = (row: Record<string, unknown>) => (row['started_at'] as Timestamp).toMillis();
  return rows.sort((a, b) => startedAt(a) - startedAt(b));
}

async function tickAt(time: string): Promise<void> {
  clock.set(at(time));
  await stack.scheduler.tick();
}

it("closes abandoned visits by the scheduler's signed deliveries", async () => {
  const silent = await begin();
  const read = await begin();
  clock.advance(minutes(5));
  expect(await browser(`/${read}/heartbeat`, { elapsed_ms: minutes(5) })).toBe(200);
  await tickAt('10:15:00');
  await tickAt('10:30:00');
  expect([await stored(silent), await stored(read)]).toMatchObject([{ end_time: null }, { end_time: null }]);

  await tickAt('10:45:00');
  expect(await stored(silent)).toMatchObject({
    end_time: Timestamp.fromDate(NOW),
    duration_seconds: 0,
    close_reason: 'timeout',
    closed_at: Timestamp.fromDate(at('10:45:00')),
  });
  expect(await stored(read)).toMatchObject({
    end_time: Timestamp.fromDate(at('10:05:00')),
    duration_seconds: 300,
  });
  expect(await ledger()).toMatchObject(
    [
      { time: '10:15:00', outcome: 'nothing_to_do', acted: 0 },
      { time: '10:30:00', outcome: 'nothing_to_do', acted: 0 },
      { time: '10:45:00', outcome: 'succeeded', acted: 2 },
    ].map(({ time, outcome, acted }) => ({
      id: `${TASK}@${at(time).toISOString()}`,
      occurrence: Timestamp.fromDate(at(time)),
      trigger: 'scheduler',
      attempt: 1,
      outcome,
      counts: { acted, failed: 0 },
    })),
  );
});

it('does nothing at a second tick of the same instant', async () => {
  await tickAt('10:45:00');
  const before = await ledger();
  expect(before.length).toBeGreaterThan(0);
  await stack.scheduler.tick();
  expect(await ledger()).toEqual(before);
});

it('records a forced run as manual, and the next occurrence still runs', async () => {
  clock.set(at('10:46:00'));
  const left = await begin();
  await tickAt('11:00:00');
  await tickAt('11:15:00');
  clock.set(at('11:16:01'));
  const before = (await ledger()).map(({ id }) => id);
  const job = stack.scheduler.jobs().find(({ name }) => name.endsWith(`/${TASK}`));
  const forced = await fetch(`${stack.file.scheduler}v1/${job?.name}:run`, { method: 'POST' });
  expect(forced.status).toBe(200);
  await stack.scheduler.idle();
  const manual = (await ledger()).filter(({ id }) => !before.includes(id));
  expect(manual).toMatchObject([
    { occurrence: null, trigger: 'scheduler', outcome: 'succeeded', counts: { acted: 1 } },
  ]);
  expect(manual[0]?.['id']).toMatch(new RegExp(`^${TASK}!`));
  expect(await stored(left)).toMatchObject({ end_time: Timestamp.fromDate(at('10:46:00')) });

  await tickAt('11:30:00');
  expect((await ledger()).at(-1)).toMatchObject({
    id: `${TASK}@${at('11:30:00').toISOString()}`,
    outcome: 'nothing_to_do',
    attempt: 1,
  });
});
