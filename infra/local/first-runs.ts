import { openScheduler } from '../scheduler/client.ts';
import { LOCAL_PROJECT, LOCAL_REGION } from './environment.ts';
import type { LocalScheduler } from './scheduler/scheduler.ts';

/**
 * Tasks that leave the demo data unchanged. The other tasks wait for their schedule or for "Run now", so that a
 * person still finds work to watch.
 */
const FIRST = ['sync-inbox', 'test-presence', 'watch-runs'];

/**
 * Runs these tasks once through the API of the local Cloud Scheduler, so that a fresh console shows mail and runs.
 * Resolves when they have ended, even if some failed.
 */
export async function runFirstRuns(scheduler: LocalScheduler): Promise<readonly string[]> {
  const api = openScheduler({ project: LOCAL_PROJECT, region: LOCAL_REGION, endpoint: scheduler.url });
  const wanted = scheduler.jobs().filter(({ name }) => FIRST.includes(idOf(name)));
  try {
    for (const { name } of wanted) await api.run(name);
  } finally {
    await api.close();
  }
  await scheduler.idle();
  return wanted.map(({ name }) => idOf(name));
}

const idOf = (name: string) => name.slice(name.lastIndexOf('/') + 1);
