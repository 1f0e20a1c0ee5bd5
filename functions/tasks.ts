import type { AnyTask } from '../shared/runtime/task.ts';
import { checkDelayAlerts } from './check-delay-alerts/task.ts';
import { cleanStaleSessions } from './clean-stale-sessions/task.ts';
import { closeInactiveVisits } from './close-inactive-visits/task.ts';
import { processFollowups } from './process-followups/task.ts';
import { syncInbox } from './sync-inbox/task.ts';
import { testPresence } from './test-presence/task.ts';
import { watchRuns } from './watch-runs/task.ts';

/** Every periodic task. Add a new one here, in infra/scheduler.yaml and as its own folder. */
export const tasks: readonly AnyTask[] = [
  closeInactiveVisits,
  cleanStaleSessions,
  testPresence,
  checkDelayAlerts,
  processFollowups,
  syncInbox,
  watchRuns,
];
