import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildFunctions } from '../../../infra/build.ts';
import { watchedJobs } from '../../../infra/scheduler/watched.ts';
import { type FunctionProcess, startFunction } from '../../faults/function-process.ts';
import { startWorld, type World } from '../../support/world.ts';

const out = `.local/watch-${process.pid}`;
let world: World;
let deployed: FunctionProcess;

beforeAll(async () => {
  await buildFunctions({ only: ['watch-runs'], out });
  world = await startWorld();
  deployed = await startFunction('watch-runs', out, world.environment);
});
afterAll(async () => {
  await deployed?.kill();
  await world?.stop();
  rmSync(out, { recursive: true, force: true });
});

it('watches, as it is deployed, every other task of infra/scheduler.yaml', async () => {
  const look = async () => {
    const response = await fetch(deployed.url, {
      method: 'POST',
      headers: { 'X-Cron-Secret': world.secret },
    });
    return (await response.json()) as { outcome: string; counts: object };
  };
  const others = watchedJobs().filter(({ task }) => task !== 'watch-runs');
  expect(others.length).toBeGreaterThan(2);
  expect(await look()).toMatchObject({
    outcome: 'succeeded',
    counts: { candidates: others.length, acted: others.length },
  });
  const state = await world.store.doc('watch_state/watchman').get();
  expect(Object.keys(state.get('tasks')).sort()).toEqual(others.map(({ task }) => task).sort());
  expect(await look()).toMatchObject({ outcome: 'nothing_to_do', counts: { skipped: others.length } });
});
