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
