import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { handSchedule } from '../../../shared/domains/watch/schedule.ts';
import { incidentsOf, job, listMails, OWN_JOB, ran, watch } from '../../support/watch.ts';
import { minutes, NOW, startWorld, type World } from '../../support/world.ts';

const TASK = 'process-followups';
let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  world.clock.set(NOW);
  world.smtp.clear();
  for (const collection of await world.store.listCollections()) await world.store.recursiveDelete(collection);
  await world.redis.flushall();
  const hourly = { period_seconds: 3_600, grace_seconds: 1_200, budget_seconds: 240 };
  handSchedule([OWN_JOB, job(TASK, '0 * * * *', hourly)]);
  await world.store.doc('settings/watch').set({ operators: ['ops@example.test'], locale: 'en' });
});

const at = (minute: number) => new Date(NOW.getTime() + minutes(minute));
/** Runs watch-runs at a minute; its last run was a minute before. */
async function watchAt(minute: number) {
  await ran(world, 'watch-runs', at(minute - 1));
  world.clock.set(at(minute));
  return await watch(world);
}
const scheduled = (minute: number, more: object = {}) =>
  ran(world, TASK, at(minute), { occurrence: at(minute), ...more });
const paused = async () => (await world.store.doc('settings/watch').get()).get('paused');

it('forgets a pause of a task that runs for its schedule again, and reports its failures', async () => {
  await world.store.doc('settings/watch').set({ paused: { [TASK]: true } }, { merge: true });
  await watchAt(1);
  await watchAt(6);
  expect(await paused()).toEqual({ [TASK]: true });
  // A deployment or Google's own console has resumed the job.
  for (const hour of [1, 2, 3]) await scheduled(60 * hour, { outcome: 'failed', error: 'Error: away' });
  const { body } = await watchAt(185);
  expect(body.counts.acted).toBe(1);
  expect(await paused()).toEqual({});
  await watchAt(190);
  expect(listMails(world)).toEqual([expect.stringContaining(`${TASK}: 3 failures in a row`)]);
});

it.each([
  ['a run by hand', { occurrence: null }],
  ['a retry for an occurrence before the pause', { occurrence: at(-60) }],
])('keeps a pause after %s', async (_title, { occurrence }) => {
  await world.store.doc('settings/watch').set({ paused: { [TASK]: true } }, { merge: true });
  await watchAt(1);
  await ran(world, TASK, at(3), occurrence ? { occurrence } : {});
  await watchAt(6);
  expect(await paused()).toEqual({ [TASK]: true });
});

it('reports a run that hangs until it ends, however many deliveries find it at work', async () => {
  await watchAt(1);
  const hanging = { outcome: null, finished_at: null, duration_ms: null, complete: null };
  const id = await scheduled(60, hanging);
  await watchAt(66);
  for (let hour = 2; hour <= 15; hour += 1) await scheduled(60 * hour, { outcome: 'skipped_overlap' });
  await watchAt(905);
  expect(listMails(world)).toEqual([expect.stringContaining('a run has not ended in time')]);
  expect(await incidentsOf(world)).toMatchObject([{ kind: 'overrun', key: id, recovered_at: null }]);
});

it('mails once that failures come and go, and again once one lasts half an hour', async () => {
  await watchAt(1);
  const openings = Array.from({ length: 3 }, (_, index) => at(-60 * (index + 1)));
  const state = { openings: { [`failing ${TASK}`]: openings } };
  await world.store.doc('watch_state/watchman').set(state, { merge: true });
  for (const minute of [10, 20, 30]) await ran(world, TASK, at(minute), { outcome: 'failed' });
  await watchAt(35);
  await watchAt(40);
  expect(listMails(world)).toEqual([expect.stringContaining('Comes and goes')]);
  expect(world.smtp.mails()[0]?.text).toContain('4 times within a day');
  await watchAt(66);
  await watchAt(71);
  expect(listMails(world).slice(1)).toEqual([expect.stringContaining(`] ${TASK}: 3 failures in a row`)]);
});
