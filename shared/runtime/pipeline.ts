import { KEPT_NOTES, type PipelineResult } from './result.ts';
import type { ActResult, AnyTask, Decision, RunContext } from './task.ts';

/** A dry run shows at most this many candidates. */
const SHOWN_CANDIDATES = 100;

export interface PipelineOptions {
  dryRun: boolean;
  /** Asked before each new batch: may more work be started? */
  mayGoOn: () => boolean;
}

/**
 * Find, gather, decide, act. Streams the candidates, keeps a few batches in flight, and waits for those it started
 * before it returns or throws. Candidates of a batch that throws are failures of their own; an error of `find` is thrown,
 * and `result` tells what had been done by then.
 */
export async function runPipeline(
  task: AnyTask,
  params: Record<string, unknown>,
  context: RunContext,
  { dryRun, mayGoOn }: PipelineOptions,
  result: PipelineResult,
): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const start = (batch: { id: string }[]) => {
    const work = runBatch(task, params, context, dryRun, batch, result).finally(() => inFlight.delete(work));
    inFlight.add(work);
  };
  try {
    for await (const batch of batches(task, params, context, mayGoOn, result)) {
      start(batch);
      if (inFlight.size >= task.concurrency) await Promise.race(inFlight);
    }
  } finally {
    await Promise.all(inFlight);
  }
}

/** The candidates in batches of the task's size; nothing new is begun once it may not go on. A group stays together, whatever its size. */
export async function* batches(
  task: AnyTask,
  params: Record<string, unknown>,
  context: RunContext,
  mayGoOn: () => boolean,
  result: PipelineResult,
): AsyncGenerator<{ id: string }[]> {
  let batch: { id: string }[] = [];
  let group: string | undefined;
  for await (const candidate of task.find(context, params)) {
    const next: string | undefined = task.groupOf?.(candidate);
    if (batch.length >= task.batchSize && next !== group) {
      yield batch;
      batch = [];
    }
    if (batch.length === 0 && !mayGoOn()) {
      result.complete = false;
      return;
    }
    batch.push(candidate);
    group = next;
    if (task.groupOf || batch.length < task.batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function runBatch(
  task: AnyTask,
  params: Record<string, unknown>,
  context: RunContext,
  dryRun: boolean,
  batch: { id: string }[],
  result: PipelineResult,
): Promise<void> {
  const { chosen, facts } = await choose(task, params, context, dryRun, batch, result);
  await actOn(task, params, context, chosen, facts, result);
}

/** Gathers and decides: which are to be acted on. The others are counted, and in a dry run all. */
export async function choose(
  task: AnyTask,
  params: Record<string, unknown>,
  context: RunContext,
  dryRun: boolean,
  batch: readonly { id: string }[],
  result: PipelineResult,
): Promise<{ chosen: Chosen[]; facts: unknown }> {
  const facts = await task.gather(batch, context).catch((error: unknown) => new GatherFailed(error));
  const toAct: Chosen[] = [];
  for (const candidate of batch) {
    if (facts instanceof GatherFailed) {
      count(result, candidate, { outcome: 'failed', reason: reasonOf(facts.cause), retry: true });
      continue;
    }
    const decision = decideAlone(task, candidate, facts, params, context.now);
    if (decision instanceof Error) {
      count(result, candidate, { outcome: 'failed', reason: reasonOf(decision), retry: true });
      continue;
    }
    if (dryRun) show(result, candidate.id, decision);
    const { reason } = decision;
    if (!decision.act)
      count(
        result,
        candidate,
        decision.failed ? { outcome: 'failed', reason, ...decision.failed } : { outcome: 'skipped', reason },
      );
    else if (dryRun) count(result, candidate, { outcome: 'acted' }, reason);
    else toAct.push({ candidate, reason });
  }
  return { chosen: toAct, facts };
}

/** A candidate that is to be acted on, and why. */
export interface Chosen {
  candidate: { id: string };
  reason: string;
}

/** Marks a batch whose facts could not be read, apart from any value that facts may have. */
class GatherFailed {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** An unexpected throw is a failure of this candidate alone. */
function decideAlone(
  task: AnyTask,
  candidate: { id: string },
  facts: unknown,
  params: Record<string, unknown>,
  now: Date,
): Decision<string> | Error {
  try {
    return task.decide(candidate, facts, params, now);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function actOn(
  task: AnyTask,
  params: Record<string, unknown>,
  context: RunContext,
  toAct: readonly Chosen[],
  facts: unknown,
  result: PipelineResult,
): Promise<void> {
  if (toAct.length === 0) return;
  const results: ActResult<string>[] = await task
    .act(
      toAct.map(({ candidate }) => candidate),
      facts,
      params,
      context,
    )
    .catch((error: unknown) =>
      toAct.map(() => ({ outcome: 'failed', reason: reasonOf(error), retry: true }) as const),
    );
  for (const [index, { candidate, reason }] of toAct.entries()) {
    count(
      result,
      candidate,
      results[index] ?? { outcome: 'failed', reason: 'no_result', retry: true },
      reason,
    );
  }
}

/** `because`: why it was to be acted on. */
function count(result: PipelineResult, { id }: { id: string }, one: ActResult<string>, because = ''): void {
  result.counts.candidates += 1;
  result.counts[one.outcome] += 1;
  if (one.note && result.notes.length < KEPT_NOTES) result.notes.push(one.note);
  const reasons = result[one.outcome];
  const reason = one.outcome === 'acted' ? because : one.reason;
  reasons[reason] = (reasons[reason] ?? 0) + 1;
  if (one.outcome !== 'failed') return;
  if (one.retry) {
    result.wantsRetry = true;
    result.retries.push({ id, reason: one.reason });
  }
  if ('outOfTime' in one) result.complete = false;
}

function show(result: PipelineResult, id: string, decision: Decision<string>): void {
  if (result.shown.length >= SHOWN_CANDIDATES) return;
  const verdict = decision.act ? 'act' : decision.failed ? 'fail' : 'skip';
  result.shown.push({ id, decision: verdict, reason: decision.reason, ...decision.note });
}

/** A short, countable reason from an unexpected error: its gRPC code or its name. */
function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (code !== undefined) return `error_${String(code)}`;
  return error instanceof Error ? `error_${error.name}` : 'error';
}
