import { openScheduler } from '../scheduler/client.ts';
import { LOCAL_PROJECT, LOCAL_REGION } from './environment.ts';
import type { LocalScheduler } from './scheduler/scheduler.ts';

/**
 * The tasks that only look: they change nothing of the demo data. What closes, sends and cleans waits for its schedule or
 * for somebody who presses "Run now": a first dry run would have nothing to show after it.
 */
const FIRST = ['sync-inbox', 'test-presence', 'watch-runs'];

/**
 * Has the local Cloud Scheduler run those once, by its own API, so that a fresh console shows mail and the ledger its first
 * runs. Resolves when they have ended, however they end: the ledger and the log say how.
 */
export async function runFirstRound(scheduler: LocalScheduler): Promise<readonly string[]> {
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
