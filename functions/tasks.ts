import type { AnyTask } from '../shared/runtime/task.ts';
import { checkDelayAlerts } from './check-delay-alerts/task.ts';
import { cleanStaleSessions } from './clean-stale-sessions/task.ts';
import { closeInactiveVisits } from './close-inactive-visits/task.ts';
import { processFollowups } from './process-followups/task.ts';
import { syncInbox } from './sync-inbox/task.ts';
import { testPresence } from './test-presence/task.ts';
import { watchRuns } from './watch-runs/task.ts';

/** Every periodic task. CONTRIBUTING.md lists the files of a new one. */
export const tasks: readonly AnyTask[] = [
  closeInactiveVisits,
  cleanStaleSessions,
  testPresence,
  checkDelayAlerts,
  processFollowups,
  syncInbox,
  watchRuns,
];
