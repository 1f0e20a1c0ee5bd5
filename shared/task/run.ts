import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type Lease, takeLease } from '../redis/lease.ts';
import { abandonOthers, closeRun, openRun, type RunEnd, type RunStart, recordOverlap } from './ledger.ts';
import type { RunIdentity } from './occurrence.ts';
import type { CommonParams } from './params.ts';
import { emptyResult, type PipelineResult, runPipeline } from './pipeline.ts';
import type { AnyTask, Outcome, RunContext } from './task.ts';

export interface RunRequest {
  identity: RunIdentity;
  trigger: string;
  requestedBy: string | null;
  params: Record<string, unknown> & CommonParams;
}

export interface RunResult extends PipelineResult {
  outcome: Outcome;
  attempt: number;
  startedAt: Date;
  finishedAt: Date;
  error: string | null;
}

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
  return work(task, request, context, deps, null, 0);
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
  const result = await work(task, request, context, deps, lease, opened.attempt);
  await closeRun(store, request.identity.id, opened, now, runEnd(result, context.tally), meter);
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
  const recorded = await recordOverlap(store, request.identity, start, runEnd(result, {}), meter);
  return { ...result, attempt: recorded ? 1 : 0 };
}

async function work(
  task: AnyTask,
  request: RunRequest,
  context: RunContext,
  deps: RunDeps,
  lease: Lease | null,
  attempt: number,
): Promise<RunResult> {
  const deadline = context.now.getTime() + request.params.budget_seconds * 1000;
  const mayGoOn = () => deps.clock().getTime() < deadline && (lease?.held() ?? true);
  let error: string | null = null;
  const result = emptyResult();
  const options = { dryRun: request.params.dry_run, mayGoOn };
  await runPipeline(task, request.params, context, options, result).catch((thrown: unknown) => {
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

/** The closed list of how a run that did its own work can end. */
function outcomeOf(result: PipelineResult, error: string | null): Outcome {
  if (error !== null || result.wantsRetry) return 'failed';
  if (result.counts.failed > 0) return 'partial';
  return result.counts.acted > 0 ? 'succeeded' : 'nothing_to_do';
}

function runStart(task: AnyTask, request: RunRequest, startedAt: Date): RunStart {
  const { trigger, requestedBy, params } = request;
  return { task: task.name, trigger, requestedBy, params, startedAt };
}

function runEnd(result: RunResult, tally: Record<string, number>): RunEnd {
  const { outcome, complete, counts, skipped, failed, notes, error, finishedAt } = result;
  return { outcome, complete, counts, skipped, failed, notes, tally, error, finishedAt };
}
