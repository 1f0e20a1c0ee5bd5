import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startClockedFunction } from '../../faults/function-process.ts';
import { type FaultPoint, type SmtpFaults, startSmtpFaults } from '../../support/smtp-faults.ts';
import { minutes, NOW, startWorld, type World } from '../../support/world.ts';

const OPERATORS = ['one@example.test', 'two@example.test', 'three@example.test'];
const TASKS = ['close-inactive-visits', 'clean-stale-sessions', 'test-presence'];
/** The points of the mail dialogue at which watch-runs is killed, one after the other. */
const KILLS: FaultPoint[] = ['rcpt', 'body', 'answer', 'data', 'answer', 'mail'];
let world: World;
let relay: SmtpFaults;

beforeAll(async () => {
  world = await startWorld();
  relay = await startSmtpFaults(world.smtp);
  // It is due every five minutes, and would be missed while the others are reported.
  const paused = { 'sync-inbox': true };
  await world.store.doc('settings/watch').set({ operators: OPERATORS, locale: 'en', paused });
  for (const task of TASKS) {
    await world.store.doc(`task_runs/${task}!1`).set({
      task,
      started_at: Timestamp.fromMillis(NOW.getTime() - minutes(1)),
      outcome: 'failed',
      attempts: [{ outcome: 'failed' }, { outcome: 'failed' }],
    });
  }
});
afterAll(async () => {
  await relay?.stop();
  await world?.stop();
});

/** Starts the next run, after the lease and the claims of a killed one expired, and kills it at this point. */
async function look(index: number, at: FaultPoint | null): Promise<number | null> {
  const now = new Date(NOW.getTime() + minutes(2 * index));
  await world.redis.flushall();
  relay.fault = at === null ? null : { at, how: 'hang' };
  const environment = { ...world.environment, EMAIL_PORT: String(relay.port) };
  const watchman = await startClockedFunction('watch-runs', now, environment);
  const struck = relay.struck();
  const headers = { 'X-Cron-Secret': world.secret };
  const answer = fetch(watchman.url, { method: 'POST', headers }).then(
    ({ status }) => status,
    () => null,
  );
  await (at === null ? answer : struck);
  await watchman.kill();
  return answer;
}

it('notifies each operator of each incident at most once, and leaves none unreported, even if it is killed while it mails', async () => {
  for (const [index, at] of KILLS.entries()) expect(await look(index, at)).toBeNull();
  expect(await look(KILLS.length, null)).toBe(200);
  const mails = world.smtp.mails().map(({ to, subject }) => `${to.join()} ${subject}`);
  expect(new Set(mails).size).toBe(mails.length);
  // One body was cut off, and two mails arrived without an answer: their delivery is uncertain, so none goes again.
  expect(mails).toHaveLength(OPERATORS.length * TASKS.length - 1);
  const states = (await world.store.collectionGroup('notices').get()).docs.map((notice) =>
    notice.get('state'),
  );
  expect(states.sort()).toEqual([...Array(6).fill('sent'), ...Array(3).fill('unknown')]);
  const incidents = (await world.store.collection('incidents').get()).docs;
  expect(incidents.map((incident) => incident.get('told'))).toEqual(TASKS.map(() => 1));
});
