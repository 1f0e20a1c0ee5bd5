import type { Bench } from './bench.ts';
import { alerts } from './benches/alerts.ts';
import { asDeployed } from './benches/as-deployed.ts';
import { attachment } from './benches/attachment.ts';
import { coldStartBench } from './benches/cold-start.ts';
import { followups } from './benches/followups.ts';
import { inbox } from './benches/inbox.ts';
import { pings } from './benches/pings.ts';
import { statuses } from './benches/statuses.ts';
import { sweep } from './benches/sweep.ts';
import { sweepMemory } from './benches/sweep-memory.ts';
import { visitsApi } from './benches/visits-api.ts';
import { whatIf } from './benches/what-if.ts';

/** Every bench, in the order of execution. */
export const benches: readonly Bench[] = [
  sweep,
  sweepMemory,
  visitsApi,
  coldStartBench,
  asDeployed,
  pings,
  statuses,
  alerts,
  followups,
  whatIf,
  inbox,
  attachment,
];
