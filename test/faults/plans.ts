import { checkDelayAlerts } from './check-delay-alerts.ts';
import { closeInactiveVisits } from './close-inactive-visits.ts';
import type { FaultPlan } from './harness/plan.ts';
import { imports } from './import.ts';
import { processFollowups } from './process-followups.ts';
import { syncInbox } from './sync-inbox.ts';
import { visits } from './visits.ts';

/** Every function with a plan of faults. A new task needs one file here and one entry. */
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
    'two runs without a lease both count a user whom both put offline (readAgain in ' +
    'shared/domains/presence/offline.ts), and the judgement rejects such a ledger',
  'test-presence': 'its candidates are checks on a probe user, and a run leaves no effect to count',
  'watch-runs':
    'its candidates are the runs of the ledger, and the harness judges by the ledger; ' +
    'test/functions/watch-runs/killed.test.ts kills it during its mails',
};
