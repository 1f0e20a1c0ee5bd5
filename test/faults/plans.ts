import { checkDelayAlerts } from './check-delay-alerts.ts';
import { cleanStaleSessions } from './clean-stale-sessions.ts';
import { closeInactiveVisits } from './close-inactive-visits.ts';
import type { FaultPlan } from './harness/plan.ts';
import { imports } from './import.ts';
import { processFollowups } from './process-followups.ts';
import { syncInbox } from './sync-inbox.ts';
import { visits } from './visits.ts';

/** Every function that faults are done to. A new task is one file beside this and one entry here. */
export const plans: readonly FaultPlan[] = [
  closeInactiveVisits,
  cleanStaleSessions,
  checkDelayAlerts,
  processFollowups,
  syncInbox,
  visits,
  imports,
];

/** Tasks without a plan, each with the reason. */
export const UNPLANNED: Readonly<Record<string, string>> = {
  'test-presence':
    'its candidates are checks on a probe user, and a run leaves nothing that could be counted twice',
  'watch-runs':
    'its candidates are the runs of the ledger, which the harness itself writes; ' +
    'test/functions/watch-runs/killed.test.ts kills it amid its mails',
};
