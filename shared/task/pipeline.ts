import type { ActResult, AnyTask, Counts, Decision, Note, RunContext } from './task.ts';

/** A dry run shows at most this many candidates. */
const SHOWN_CANDIDATES = 100;
/** A run keeps at most so many notes: its record is one document. */
const KEPT_NOTES = 100;

export interface Shown {
  id: string;
  decision: 'act' | 'skip';
  reason: string;
}

export interface PipelineResult {
  counts: Counts;
  /** Candidates per reason, of those skipped and of those failed. */
  skipped: Record<string, number>;
  failed: Record<string, number>;
  /** Whether a failure wants Scheduler's retry. */
  wantsRetry: boolean;
  /** False when the budget or a lost lease ended the work early. */
  complete: boolean;
  shown: Shown[];
  notes: Note[];
}

/** A result with nothing in it yet. */
export function emptyResult(): PipelineResult {
  const counts = { candidates: 0, acted: 0, skipped: 0, failed: 0 };
  return { counts, skipped: {}, failed: {}, wantsRetry: false, complete: true, shown: [], notes: [] };
}

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
    let batch: { id: string }[] = [];
    for await (const candidate of task.find(context, params)) {
      if (batch.length === 0 && !mayGoOn()) {
        result.complete = false;
        break;
      }
      batch.push(candidate);
      if (batch.length < task.batchSize) continue;
      start(batch);
      batch = [];
      if (inFlight.size >= task.concurrency) await Promise.race(inFlight);
    }
    if (batch.length > 0) start(batch);
  } finally {
    await Promise.all(inFlight);
  }
}

async function runBatch(
  task: AnyTask,
  params: Record<string, unknown>,
  context: RunContext,
  dryRun: boolean,
  batch: { id: string }[],
  result: PipelineResult,
): Promise<void> {
  const facts = await task.gather(batch, context).catch((error: unknown) => new GatherFailed(error));
  const toAct: { id: string }[] = [];
  for (const candidate of batch) {
    if (facts instanceof GatherFailed) {
      count(result, { outcome: 'failed', reason: reasonOf(facts.cause), retry: true });
      continue;
    }
    const decision = decideAlone(task, candidate, facts, params, context.now);
    if (decision instanceof Error) {
      count(result, { outcome: 'failed', reason: reasonOf(decision), retry: true });
      continue;
    }
    if (dryRun) show(result, candidate.id, decision);
    if (!decision.act) count(result, { outcome: 'skipped', reason: decision.reason });
    else if (dryRun) count(result, { outcome: 'acted' });
    else toAct.push(candidate);
  }
  await actOn(task, params, context, toAct, facts, result);
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
  toAct: { id: string }[],
  facts: unknown,
  result: PipelineResult,
): Promise<void> {
  if (toAct.length === 0) return;
  const results: ActResult<string>[] = await task
    .act(toAct, facts, params, context)
    .catch((error: unknown) =>
      toAct.map(() => ({ outcome: 'failed', reason: reasonOf(error), retry: true }) as const),
    );
  for (const [index] of toAct.entries()) {
    count(result, results[index] ?? { outcome: 'failed', reason: 'no_result', retry: true });
  }
}

function count(result: PipelineResult, one: ActResult<string>): void {
  result.counts.candidates += 1;
  result.counts[one.outcome] += 1;
  if (one.note && result.notes.length < KEPT_NOTES) result.notes.push(one.note);
  if (one.outcome === 'acted') return;
  const reasons = result[one.outcome];
  reasons[one.reason] = (reasons[one.reason] ?? 0) + 1;
  if (one.outcome === 'failed' && one.retry) result.wantsRetry = true;
}

function show(result: PipelineResult, id: string, decision: Decision<string>): void {
  if (result.shown.length >= SHOWN_CANDIDATES) return;
  result.shown.push({ id, decision: decision.act ? 'act' : 'skip', reason: decision.reason });
}

/** A short, countable reason from an unexpected error: its gRPC code or its name. */
function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (code !== undefined) return `error_${String(code)}`;
  return error instanceof Error ? `error_${error.name}` : 'error';
}
