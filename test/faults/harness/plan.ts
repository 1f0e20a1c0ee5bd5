import type { Random } from './random.ts';
import type { Stage } from './stage.ts';

/** What one run of a case added up to: kills, answers and the like, summed over runs in the report. */
export type Figures = Record<string, number>;

/** How large a run is: `npm test` takes the sample, `npm run faults` the full size. */
export type Scale = 'sample' | 'full';

/** What a run of a case is handed. The same random numbers give the same plan. */
export interface FaultRun {
  stage: Stage;
  random: Random;
  scale: Scale;
  /** The folder with the built bundles. */
  bundles: string;
}

/** One kind of fault, done to one function. Throws a Violation when something did not hold. */
export interface FaultCase {
  name: string;
  /** The sentence that a run proves. */
  claim: string;
  runs: Record<Scale, number>;
  once(run: FaultRun): Promise<Figures>;
}

/** All that is done to one function. */
export interface FaultPlan {
  name: string;
  /** Functions to be built for it, in folders of their own. */
  functions: readonly string[];
  cases: readonly FaultCase[];
  /** Whether a program that it needs is not on this machine, which it has said: `npm test` leaves it out then. */
  absent?: boolean;
  /** Ends what its runs share. */
  stop?(): Promise<void>;
}

/** What did not hold after a fault; every violation of the run, one a line. */
export class Violation extends Error {
  constructor(violations: readonly string[]) {
    super(violations.join('\n'));
    this.name = 'Violation';
  }
}

/** Throws when there are violations. */
export function refuse(violations: readonly string[]): void {
  if (violations.length > 0) throw new Violation(violations);
}
