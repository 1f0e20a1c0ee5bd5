import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tasks } from '../../../functions/registry.ts';
import { runFirstRuns } from '../../../infra/local/first-runs.ts';
import { localSettings } from '../../../infra/local/settings.ts';
import { type Stack, startStack } from '../../../infra/local/stack.ts';
import { createLog } from '../../../shared/doors/log.ts';
import { withoutDovecot } from '../../support/inbox/inbox.ts';
import { handClock } from '../../support/world.ts';

const clock = handClock();
const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
let stack: Stack;

beforeAll(async () => {
  const { prefer } = localSettings();
  const settings = { port: 0, prefer, firing: false, demo: true, cronSecret: undefined };
  stack = await startStack({ ...settings, clock, log: createLog(sink) });
}, 60_000);
afterAll(() => stack?.stop());

const documents = async (collection: string) =>
  (await stack.deps.store.collection(collection).get()).docs.map((doc) => doc.data());

it('gives each demo visit an engaged time within its duration, and infers only unmeasured durations', async () => {
  const visits = await documents('page_visits');
  const closed = visits.filter(({ end_time }) => end_time !== null);
  expect(closed.length).toBeGreaterThan(30);
  for (const { duration_seconds: duration, engaged_seconds: engaged, duration_source: source } of closed) {
    expect(engaged).toBeLessThanOrEqual(duration);
    expect(source).toBe(duration > 0 ? 'measured' : 'inferred');
  }
  expect(closed.filter(({ engaged_seconds: engaged }) => engaged > 0).length).toBeGreaterThan(30);
});

it('runs each task that leaves the demo data unchanged once through Cloud Scheduler', async () => {
  const before = await documents('page_visits');
  const ran = await runFirstRuns(stack.scheduler);
  const runs = await documents('task_runs');
  expect(runs.map(({ task }) => task).toSorted()).toEqual([...ran].toSorted());
  expect(tasks.map(({ name }) => name)).toEqual(expect.arrayContaining([...ran]));
  for (const { task, trigger, outcome, occurrence } of runs) {
    expect([task, trigger, occurrence]).toEqual([task, 'scheduler', null]);
    expect(['succeeded', 'nothing_to_do']).toContain(outcome);
  }
  expect(await documents('page_visits')).toEqual(before);
  expect(await (await fetch(stack.file.smtp.inbox)).json()).toEqual([]);
});

it.skipIf(withoutDovecot())('fills each demo mailbox with its mails, each once', async () => {
  await runFirstRuns(stack.scheduler);
  const mails = await documents('inbox_messages');
  const ids = mails.map(({ message_id: id }) => id);
  expect(ids.length).toBeGreaterThan(8);
  expect(new Set(ids).size).toBe(ids.length);
  const boxes = Map.groupBy(mails, ({ integration_id: id }) => id as string);
  expect([...boxes.keys()].toSorted()).toEqual(['demo-billing', 'demo-office']);
  for (const [box, own] of boxes)
    for (const { to } of own) expect(to).toEqual([{ name: '', address: `${box.slice(5)}@ronde.test` }]);
  const threads = Map.groupBy(mails, ({ thread_id: id }) => id as string);
  const sizes = [...threads.values()].map(({ length }) => length);
  expect(sizes.toSorted().slice(-3)).toEqual([1, 2, 2]);
});
