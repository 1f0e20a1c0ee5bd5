import type { Random } from './random.ts';
import type { FaultStage } from './stage.ts';

/** Figures of one run of a case, such as kills and answers. The report sums them over runs. */
export type Figures = Record<string, number>;

/** The size of a run: `npm test` takes the sample, `npm run faults` the full size. */
export type RunScale = 'sample' | 'full';

/** The input of one run. The same random numbers give the same plan. */
export interface FaultRun {
  stage: FaultStage;
  random: Random;
  scale: RunScale;
  /** The folder with the built bundles. */
  bundles: string;
}

/** One kind of fault on one function. Throws a Violation if its claim does not hold. */
export interface FaultCase {
  name: string;
  /** The sentence that a run proves. */
  claim: string;
  runs: Record<RunScale, number>;
  once(run: FaultRun): Promise<Figures>;
}

/** All cases of one function. */
export interface FaultPlan {
  name: string;
  /** Functions to build, each into its folder. */
  functions: readonly string[];
  cases: readonly FaultCase[];
  /** True, after a warning, if a program is missing; `npm test` then skips the plan. */
  absent?: boolean;
  /** Ends what its runs share. */
  stop?(): Promise<void>;
}

/** The violations of one run, one per line. */
export class Violation extends Error {
  constructor(violations: readonly string[]) {
    super(violations.join('\n'));
    this.name = 'Violation';
  }
}

/** Throws if there are violations. */
export function refuse(violations: readonly string[]): void {
  if (violations.length > 0) throw new Violation(violations);
}
