import { addUsage } from '../doors/cost.ts';
import { type Lease, takeLease } from '../doors/redis/lease.ts';
import { closeEarlier, closeIfDone } from './fan-out/closing.ts';
import { dispatchBatches, dispatchingOf } from './fan-out/dispatch.ts';
import { outcomeOf, sumsOf } from './fan-out/sums.ts';
import { abandonOthers, closeRun, type OpenRun, openRun, recordOverlap } from './ledger.ts';
import { logClosed, logUnrecorded } from './log-run.ts';
import { Pipeline } from './pipeline.ts';
import { reportProgress } from './progress.ts';
import type { RunEnd, RunStart } from './record.ts';
import type { RunRequest, RunResult } from './request.ts';
import { emptyResult } from './result.ts';
import type { AnyTask, Outcome, RunContext } from './task.ts';

/** Runs find and decide only. It writes nothing anywhere and takes no lease. */
export async function dryRun(task: AnyTask, request: RunRequest, context: RunContext): Promise<RunResult> {
  return new Attempt(task, request, context).rehearse();
}

/**
 * Runs a task: lease, ledger, pipeline, ledger, release of the lease. Without Redis it runs without a lease, since a
 * conditional write guards every effect.
 */
export async function realRun(task: AnyTask, request: RunRequest, context: RunContext): Promise<RunResult> {
  const attempt = new Attempt(task, request, context);
  const { budget_seconds: budget } = request.params;
  const lease = await takeLease(context.redis, `lease:${task.name}`, budget).catch((error: unknown) => {
    const fields = { task: task.name, error: String(error) };
    context.log.warn(fields, 'Redis is out of reach; running without a lease');
    return 'unavailable' as const;
  });
  if (lease === null) return attempt.overlap();
  const held = lease === 'unavailable' ? null : lease;
  try {
    return await attempt.run(held);
  } finally {
    await held?.release();
  }
}

/** One attempt at a run. */
class Attempt {
  readonly #task: AnyTask;
  readonly #request: RunRequest;
  readonly #context: RunContext;
  readonly #result = emptyResult();
  #lease: Lease | null = null;

  constructor(task: AnyTask, request: RunRequest, context: RunContext) {
    this.#task = task;
    this.#request = request;
    this.#context = context;
  }

  /** Finds and decides only. */
  async rehearse(): Promise<RunResult> {
    const pipeline = this.#pipeline();
    const error = await this.#work(() => pipeline.runAll(), pipeline);
    return this.#resultOf(this.#outcome(error), 0, error);
  }

  /** Opens the run in the ledger, works, and closes it there. */
  async run(lease: Lease | null): Promise<RunResult> {
    this.#lease = lease;
    const { store } = this.#context;
    const { id } = this.#request.identity;
    if (this.#task.fanOut && (await this.#closeEarlier())) return this.overlap();
    const resumes = this.#task.onOverlap === 'retry';
    const opened = await openRun(store, this.#request.identity, this.#start(), resumes);
    if (!opened) return this.#resultOf('deduplicated');
    if (lease) await abandonOthers(store, this.#task.name, id);
    const progress = reportProgress(opened, () => this.#result.counts);
    const pipeline = this.#pipeline();
    const result = await this.#effect(opened, pipeline);
    await progress.stop();
    await closeRun(opened, this.#end(result)).catch((error: unknown) => {
      logUnrecorded(this.#context.log, { task: this.#task.name, run_id: id }, result, error);
      throw error;
    });
    if (result.outcome === 'dispatched') await this.#closeIfDone();
    else await this.#after(pipeline, result);
    return result;
  }

  /** Records that this delivery found another run at work. */
  async overlap(): Promise<RunResult> {
    const { store } = this.#context;
    const result = this.#resultOf('skipped_overlap');
    const end = { ...this.#end(result), tally: {} };
    const recorded = await recordOverlap(store, this.#request.identity, this.#start(), end);
    return { ...result, attempt: recorded ? 1 : 0 };
  }

  #pipeline(): Pipeline {
    const { clock, now, leftMs } = this.#context;
    const { params } = this.#request;
    const deadline = now.getTime() + params.budget_seconds * 1000;
    // The clock may be set back; `leftMs` cannot.
    const mayGoOn = () => clock().getTime() < deadline && leftMs() > 0 && (this.#lease?.held() ?? true);
    return new Pipeline({ task: this.#task, params, context: this.#context, mayGoOn, result: this.#result });
  }

  /** Acts in this instance, or dispatches. */
  async #effect(opened: OpenRun, pipeline: Pipeline): Promise<RunResult> {
    const dispatching = dispatchingOf(this.#task, this.#context, this.#result);
    const { budget_seconds: budgetSeconds } = this.#request.params;
    const work = dispatching
      ? () => dispatchBatches(dispatching, pipeline, { attempt: opened.attempt, budgetSeconds })
      : () => pipeline.runAll();
    const error = await this.#work(work, pipeline);
    return this.#resultOf(this.#outcome(error), opened.attempt, error);
  }

  /** Returns the error that stopped the work, or null. */
  async #work(work: () => Promise<void>, pipeline: Pipeline): Promise<string | null> {
    try {
      await pipeline.open();
      await work();
      return null;
    } catch (thrown) {
      Object.assign(this.#result, { wantsRetry: true, complete: false });
      return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    }
  }

  /** Closes dispatched runs of this task that are done or late. Returns true if another one is at work. */
  async #closeEarlier(): Promise<boolean> {
    const { store, log, now } = this.#context;
    const task = this.#task.name;
    const { closed, atWork } = await closeEarlier(store, task, this.#request.identity.id, now);
    for (const run of closed) logClosed(log, { task }, run);
    return atWork;
  }

  async #closeIfDone(): Promise<void> {
    const { store, log, clock } = this.#context;
    const closed = await closeIfDone(store, this.#request.identity.id, clock());
    if (closed) logClosed(log, { task: this.#task.name }, closed);
  }

  /** Calls the task's `after`. The record is written by then, so an error is only logged. */
  async #after({ run }: Pipeline, result: RunResult): Promise<void> {
    await this.#task.after?.(run, result, this.#context).catch((error: unknown) => {
      const fields = { task: this.#task.name, run_id: this.#request.identity.id, error: String(error) };
      this.#context.log.warn(fields, 'The `after` step of the task failed; the run itself is recorded');
    });
  }

  #outcome(error: string | null): Outcome {
    const { dispatched, counts, wantsRetry } = this.#result;
    if (error === null && dispatched && dispatched.batches > 0) return 'dispatched';
    return outcomeOf(counts, error !== null || wantsRetry);
  }

  /** Returns the result at this instant. A run never ends before its start, even if the clock was set back. */
  #resultOf(outcome: Outcome, attempt = 0, error: string | null = null): RunResult {
    const { now: startedAt, clock } = this.#context;
    const finishedAt = new Date(Math.max(startedAt.getTime(), clock().getTime()));
    return { ...this.#result, outcome, attempt, error, startedAt, finishedAt };
  }

  #start(): RunStart {
    const { trigger, requestedBy, params } = this.#request;
    return { task: this.#task.name, trigger, requestedBy, params, startedAt: this.#context.now };
  }

  /** Returns the record of the end. Its cost includes the write of the record and the lease's release. */
  #end(result: RunResult): RunEnd {
    const { outcome, complete, counts, skipped, failed, notes, error, startedAt, finishedAt } = result;
    const { tally, usage, clock } = this.#context;
    const closing = { firestore_writes: 1, redis_commands: this.#lease ? 1 : 0 };
    const cost = addUsage(usage(), closing);
    const end = {
      outcome,
      complete,
      counts,
      skipped,
      failed,
      notes,
      tally,
      error,
      startedAt,
      finishedAt,
      cost,
    };
    if (outcome !== 'dispatched') return end;
    const { batches = 0, candidates = 0 } = result.dispatched ?? {};
    const deadline = new Date(clock().getTime() + (this.#task.fanOut?.deadlineSeconds ?? 0) * 1000);
    // The dispatcher pays for the read after this, which checks for open batches.
    const own = sumsOf(result, tally, addUsage(cost, { firestore_reads: 1 }));
    return { ...end, dispatched: { batches, candidates, deadline, own } };
  }
}
