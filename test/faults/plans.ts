import { checkDelayAlerts } from './check-delay-alerts.ts';
import { closeInactiveVisits } from './close-inactive-visits.ts';
import type { FaultPlan } from './harness/plan.ts';
import { imports } from './import.ts';
import { processFollowups } from './process-followups.ts';
import { syncInbox } from './sync-inbox.ts';
import { visits } from './visits.ts';

/** Every function that faults are done to. A new task is one file beside this and one entry here. */
export const plans: readonly FaultPlan[] = [
  closeInactiveVisits,
  checkDelayAlerts,
  processFollowups,
  syncInbox,
  visits,
  imports,
];

/** Tasks without a plan, each with the reason. */
export const UNPLANNED: Readonly<Record<string, string>> = {
  'clean-stale-sessions':
    'two runs that share the work without a lease both count a user that both put offline (readAgain in ' +
    'shared/domains/presence/offline.ts), and the judgement refuses such a ledger',
  'test-presence':
    'its candidates are checks on a probe user, and a run leaves nothing that could be counted twice',
  'watch-runs':
    'its candidates are the runs of the ledger, by which the harness judges; ' +
    'test/functions/watch-runs/killed.test.ts kills it amid its mails',
};
