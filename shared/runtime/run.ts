import type { Clock } from '../doors/clock.ts';
import type { Log } from '../doors/log.ts';
import { type Lease, takeLease } from '../doors/redis/lease.ts';
import { closeEarlier, closeIfDone } from './fan-out/closing.ts';
import { type Dispatching, dispatchBatches, dispatchingOf } from './fan-out/dispatch.ts';
import { outcomeOf as outcomeOfCounts, sumsOf } from './fan-out/sums.ts';
import { abandonOthers, closeRun, openRun, type RunEnd, type RunStart, recordOverlap } from './ledger.ts';
import { logClosed } from './log-run.ts';
import { runPipeline } from './pipeline.ts';
import { tellProgress } from './progress.ts';
import type { RunRequest, RunResult } from './request.ts';
import { emptyResult, type PipelineResult } from './result.ts';
import type { AnyTask, Outcome, RunContext } from './task.ts';

export interface RunDeps {
  clock: Clock;
  log: Log;
}

/** A dry run: the same find and decide at the same instant, and nothing is written anywhere, no lease taken. */
export async function dryRun(
  task: AnyTask,
  request: RunRequest,
  context: RunContext,
  deps: RunDeps,
): Promise<RunResult> {
  return work(task, request, context, deps, null, 0, null, emptyResult());
}

/**
 * A real run: lease, ledger, pipeline, ledger, lease given back. Losing Redis costs the lease only: the run goes on,
 * since every effect is guarded by its own conditional write.
 */
export async function realRun(
  task: AnyTask,
  request: RunRequest,
  context: RunContext,
  deps: RunDeps,
): Promise<RunResult> {
  const lease = await takeLease(context.redis, `lease:${task.name}`, context.meter).catch(
    (error: unknown) => {
      deps.log.warn(
        { task: task.name, error: String(error) },
        'Redis is out of reach; running without a lease',
      );
      return 'unavailable' as const;
    },
  );
  if (lease === null) return overlapped(task, request, context, deps);
  try {
    return await ledgered(task, request, context, deps, lease === 'unavailable' ? null : lease);
  } finally {
    if (lease !== 'unavailable') await lease.release();
  }
}

async function ledgered(
  task: AnyTask,
  request: RunRequest,
  context: RunContext,
  deps: RunDeps,
  lease: Lease | null,
): Promise<RunResult> {
  const { store, meter, now } = context;
  if (task.fanOut) {
    const earlier = await closeEarlier(store, task.name, request.identity.id, now, meter);
    for (const closed of earlier.closed) logClosed(deps.log, { task: task.name }, closed);
    if (earlier.atWork) return overlapped(task, request, context, deps);
  }
  const opened = await openRun(
    store,
    request.identity,
    runStart(task, request, now),
    task.onOverlap === 'retry',
    meter,
  );
  if (!opened)
    return {
      ...emptyResult(),
      outcome: 'deduplicated',
      attempt: 0,
      startedAt: now,
      finishedAt: endOf(now, deps.clock),
      error: null,
    };
  if (lease) await abandonOthers(store, task.name, request.identity.id, meter);
  const dispatching = dispatchingOf(task, context.config);
  const sofar = emptyResult();
  const progress = tellProgress(store, request.identity.id, opened, () => sofar.counts, meter);
  const result = await work(task, request, context, deps, lease, opened.attempt, dispatching, sofar);
  await progress.stop();
  await closeRun(store, request.identity.id, opened, now, runEnd(result, context, task), meter);
  if (result.outcome === 'dispatched') {
    const closed = await closeIfDone(store, request.identity.id, deps.clock());
    if (closed) logClosed(deps.log, { task: task.name }, closed);
  }
  return result;
}

async function overlapped(
  task: AnyTask,
  request: RunRequest,
  context: RunContext,
  deps: RunDeps,
): Promise<RunResult> {
  const result: RunResult = {
    ...emptyResult(),
    outcome: 'skipped_overlap',
    attempt: 0,
    startedAt: context.now,
    finishedAt: endOf(context.now, deps.clock),
    error: null,
  };
  const start = runStart(task, request, context.now);
  const { store, meter } = context;
  const recorded = await recordOverlap(
    store,
    request.identity,
    start,
    runEnd(result, { ...context, tally: {} }, task),
    meter,
  );
  return { ...result, attempt: recorded ? 1 : 0 };
}

async function work(
  task: AnyTask,
  request: RunRequest,
  context: RunContext,
  deps: RunDeps,
  lease: Lease | null,
  attempt: number,
  dispatching: Dispatching | null,
  result: PipelineResult,
): Promise<RunResult> {
  const deadline = context.now.getTime() + request.params.budget_seconds * 1000;
  const mayGoOn = () => deps.clock().getTime() < deadline && (lease?.held() ?? true);
  let error: string | null = null;
  const options = { dryRun: request.params.dry_run, mayGoOn };
  const done = dispatching
    ? dispatchBatches(dispatching, request.params, context, options, attempt, result)
    : runPipeline(task, request.params, context, options, result);
  await done.catch((thrown: unknown) => {
    error = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    Object.assign(result, { wantsRetry: true, complete: false });
  });
  return {
    ...result,
    error,
    attempt,
    outcome: outcomeOf(result, error),
    startedAt: context.now,
    finishedAt: endOf(context.now, deps.clock),
  };
}

/** The instant a run ended; not before it started, even where the clock was set back meanwhile. */
function endOf(startedAt: Date, clock: Clock): Date {
  return new Date(Math.max(startedAt.getTime(), clock().getTime()));
}

/** How a run that did its own work has ended, or that others go on with it. */
function outcomeOf(result: PipelineResult, error: string | null): Outcome {
  if (error === null && result.dispatched && result.dispatched.batches > 0) return 'dispatched';
  return outcomeOfCounts(result.counts, error !== null || result.wantsRetry);
}

function runStart(task: AnyTask, request: RunRequest, startedAt: Date): RunStart {
  const { trigger, requestedBy, params } = request;
  return { task: task.name, trigger, requestedBy, params, startedAt };
}

function runEnd(result: RunResult, context: RunContext, task: AnyTask): RunEnd {
  const { outcome, complete, counts, skipped, failed, notes, error, finishedAt } = result;
  const { tally } = context;
  const end = { outcome, complete, counts, skipped, failed, notes, tally, error, finishedAt };
  return outcome === 'dispatched' ? { ...end, dispatched: handedOn(result, context, task) } : end;
}

/** What whoever closes the run has to know of its dispatcher. */
function handedOn(result: RunResult, { meter, tally, clock }: RunContext, task: AnyTask) {
  const { batches = 0, candidates = 0 } = result.dispatched ?? {};
  // The write of this very record, and the look whether all batches have reported already.
  const { firestore_writes: writes, firestore_reads: reads } = meter;
  const spent = { ...meter, firestore_writes: writes + 1, firestore_reads: reads + 1 };
  const deadline = new Date(clock().getTime() + (task.fanOut?.deadlineSeconds ?? 0) * 1000);
  return { batches, candidates, deadline, own: sumsOf(result, tally, spent) };
}
