import { rmSync } from 'node:fs';
import { buildFunctions } from '../../../infra/build.ts';
import type { FaultCase, FaultPlan, Figures, RunScale } from './plan.ts';
import { seededRandom } from './random.ts';
import { type FaultStage, startStage } from './stage.ts';

/** Engines and bundles for any number of runs. */
export interface Ground {
  stage: FaultStage;
  bundles: string;
  stop(): Promise<void>;
}

/** Builds the plans' functions and starts the engines. */
export async function openGround(plans: readonly FaultPlan[]): Promise<Ground> {
  const bundles = `.local/faults-${process.pid}`;
  await buildFunctions({ only: [...new Set(plans.flatMap(({ functions }) => functions))], out: bundles });
  const remove = () => rmSync(bundles, { recursive: true, force: true });
  process.once('exit', remove);
  const stage = await startStage();
  return {
    stage,
    bundles,
    async stop() {
      process.off('exit', remove);
      remove();
      for (const plan of plans) await plan.stop?.();
      await stage.stop();
    },
  };
}

/** The results of several runs. */
export interface CaseReport {
  runs: number;
  figures: Figures;
  /** One text per failed run, with the seed that repeats it. */
  failures: string[];
  ms: number;
}

/** Called after each run. */
export type CaseProgress = (done: number, report: CaseReport) => void;

/** Does one case `runs` times; run n has the seed `seed + n`. Continues after a failed run. */
export async function runCase(
  plan: FaultPlan,
  one: FaultCase,
  ground: Ground,
  options: { runs: number; seed: number; scale: RunScale; progress?: CaseProgress },
): Promise<CaseReport> {
  const begun = performance.now();
  const report: CaseReport = { runs: options.runs, figures: {}, failures: [], ms: 0 };
  for (let index = 0; index < options.runs; index += 1) {
    const seed = options.seed + index;
    const { stage, bundles } = ground;
    try {
      add(
        report.figures,
        await one.once({ stage, bundles, random: seededRandom(seed), scale: options.scale }),
      );
    } catch (error) {
      const again = `npm run faults -- ${plan.name} --case ${one.name} --runs 1 --seed ${seed}`;
      report.failures.push(`${plan.name} ${one.name} seed ${seed} (${again}):\n${textOf(error)}`);
    }
    report.ms = performance.now() - begun;
    options.progress?.(index + 1, report);
  }
  return report;
}

function add(sums: Figures, figures: Figures): void {
  for (const [name, value] of Object.entries(figures)) sums[name] = (sums[name] ?? 0) + value;
}

/** Formats a failure: the lines of a violation, or the stack of any other error in harness or engines. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'Violation' ? error.message : (error.stack ?? error.message);
}
