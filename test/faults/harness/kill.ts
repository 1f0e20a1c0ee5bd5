import { type FunctionProcess, startFunction } from '../function-process.ts';
import type { FaultDelivery } from './delivery.ts';
import { type FaultCase, type FaultRun, type RunScale, Violation } from './plan.ts';
import { pick, type Random } from './random.ts';
import type { Tap } from './tap.ts';
import { overlapStatus, type TaskUnderFault, Trial } from './trial.ts';

/** The size of undisturbed work. */
export interface WorkSize {
  ms: number;
  /** Chunks sent to the stores. */
  chunks: number;
}

/** The point of a kill: after a time, or at a write to a store, which then arrives or does not. */
export interface KillPoint {
  by: 'time' | 'write that is lost' | 'write that arrives';
  /** A share of the undisturbed run. Runs differ, so that some kills come after the answer. */
  fraction: number;
}

/** A run without work still takes its lease, opens its record and searches. */
const LEAST_SHARE = 0.1;

/** Picks a seeded point of the work. */
export function killPoint(random: Random): KillPoint {
  const by = pick(random, ['time', 'write that is lost', 'write that arrives'] as const);
  return { by, fraction: random() };
}

/**
 * Kills the process at this point, counted from now. Returns a function that cancels the kill and releases all
 * traffic.
 */
export function killAt(point: KillPoint, measure: WorkSize, tap: Tap, child: FunctionProcess): () => void {
  const kill = () => void child.kill();
  if (point.by === 'time') {
    const timer = setTimeout(kill, point.fraction * measure.ms);
    return () => clearTimeout(timer);
  }
  tap.cutAt(Math.ceil(point.fraction * measure.chunks), point.by === 'write that arrives', kill);
  return () => tap.reset();
}

/** Measures one undisturbed run of a task, once per size. */
export function measuring(task: TaskUnderFault): (run: FaultRun) => Promise<WorkSize> {
  const known = new Map<RunScale, Promise<WorkSize>>();
  return (run) => {
    const measured = known.get(run.scale) ?? measure(task, run);
    known.set(run.scale, measured);
    return measured;
  };
}

async function measure(task: TaskUnderFault, run: FaultRun): Promise<WorkSize> {
  // With separate random numbers, so that a run's plan does not depend on being the first.
  const trial = await Trial.begin(task, { ...run, random: () => 0.5 });
  const child = await startFunction(task.name, run.bundles, run.stage.tapped);
  try {
    run.stage.tap.reset();
    const { ms } = await trial.settle(child.url, { occurrence: trial.occurrence(0) });
    const chunks = run.stage.tap.sent();
    await trial.judge({ exact: true });
    return { ms, chunks };
  } finally {
    await child.kill();
  }
}

/** The delivery after a kill: Scheduler's retry, its next occurrence, or a person's manual run. */
type Next = 'retry' | 'next' | 'manual';

function planOf(random: Random): { points: KillPoint[]; next: Next; probe: boolean } {
  const kills = random() < 0.7 ? 1 : 2;
  return {
    points: Array.from({ length: kills }, () => killPoint(random)),
    next: pick(random, ['retry', 'next', 'manual'] as const),
    probe: random() < 0.25,
  };
}

/** Kills the deployed bundle by SIGKILL at random points, and then runs it until no work is left. */
export function killCase(
  task: TaskUnderFault,
  runs: Record<RunScale, number>,
  measured: (run: FaultRun) => Promise<WorkSize>,
): FaultCase {
  return {
    name: 'kill',
    claim: 'a killed run loses nothing, does nothing twice and ends as abandoned',
    runs,
    async once(run) {
      const undisturbed = await measured(run);
      const { points, next, probe } = planOf(run.random);
      const trial = await Trial.begin(task, run);
      const delivery = (index: number): FaultDelivery => ({
        occurrence: next === 'manual' ? null : trial.occurrence(next === 'retry' ? 0 : index),
      });
      let midRun = 0;
      for (const [index, point] of points.entries()) {
        if (!(await killedAnswer(trial, run, point, left(undisturbed, trial), delivery(index)))) midRun += 1;
        await trial.observe();
        if (probe) await probeOverlap(trial, run, points.length + 1);
        await trial.halfAMinuteLater();
      }
      const child = await startFunction(task.name, run.bundles, trial.later(run.stage.environment));
      try {
        await trial.settle(child.url, delivery(points.length));
        await trial.judge();
      } finally {
        await child.kill();
      }
      return { kills: points.length, 'in mid-run': midRun, ...(await task.figures?.(run.stage)) };
    },
  };
}

/** Returns the size of a run that finds only what a killed run has left. */
function left({ ms, chunks }: WorkSize, trial: Trial): WorkSize {
  const share = Math.max(LEAST_SHARE, trial.shareLeft());
  return { ms: ms * share, chunks: chunks * share };
}

/** Returns true if the run had answered before it was killed. */
async function killedAnswer(
  trial: Trial,
  run: FaultRun,
  point: KillPoint,
  measure: WorkSize,
  delivery: FaultDelivery,
): Promise<boolean> {
  const child = await startFunction(trial.task.name, run.bundles, trial.later(run.stage.tapped));
  const callOff = killAt(point, measure, run.stage.tap, child);
  const answer = await trial.deliver(child.url, delivery);
  await child.kill();
  callOff();
  return answer !== null;
}

/** A delivery within that half minute must overlap or find the lease free. */
async function probeOverlap(trial: Trial, run: FaultRun, index: number): Promise<void> {
  if (!(await trial.leaseHeld())) return;
  const child = await startFunction(trial.task.name, run.bundles, run.stage.environment);
  try {
    const answer = await trial.deliver(child.url, { occurrence: trial.occurrence(index) });
    const right = overlapStatus(trial.task.name);
    if (answer?.outcome !== 'skipped_overlap' || answer.status !== right)
      throw new Violation([
        `overlap: ${answer?.status} ${answer?.outcome} while the lease is held; ${right} skipped_overlap is right`,
      ]);
  } finally {
    await child.kill();
  }
}
