import type { Bench } from './bench.ts';
import { coldStartBench } from './benches/cold-start.ts';
import { sweep } from './benches/sweep.ts';

/** Every bench, in the order in which they run. */
export const benches: readonly Bench[] = [sweep, coldStartBench];
