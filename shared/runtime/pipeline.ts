import { count, failureOf, type PipelineResult, show } from './result.ts';
import type { ActResult, AnyTask, Decided, Decision, RunContext } from './task.ts';

/** The work of one run, or of one batch of it. */
export interface Work {
  task: AnyTask;
  params: Record<string, unknown>;
  context: RunContext;
  /** Called before each new batch. Returns true if it may begin. */
  mayGoOn(): boolean;
  /** The counts so far; complete also for a run that throws. */
  result: PipelineResult;
}

type Candidate = { id: string };

/** Opens, finds, gathers, decides and acts: streams the candidates with a few batches in flight. */
export class Pipeline {
  readonly #work: Work;
  /** The task's run-wide state after `open`. */
  #run: unknown;

  constructor(work: Work) {
    this.#work = work;
  }

  /** Returns the result of the task's `open`. */
  get run(): unknown {
    return this.#run;
  }

  /** Opens the task's run-wide state, before all other steps. */
  async open(): Promise<void> {
    const { task, params, context } = this.#work;
    this.#run = await task.open?.(context, params);
  }

  /**
   * Works on all candidates, and waits for its batches before it returns or throws. If a batch throws, its candidates count
   * as failed. It throws the errors of `open` and `find`.
   */
  async runAll(find = this.#find()): Promise<void> {
    const inFlight = new Set<Promise<void>>();
    try {
      for await (const batch of this.batches(this.#work.task.batchSize, find)) {
        const busy = this.#runBatch(batch).finally(() => inFlight.delete(busy));
        inFlight.add(busy);
        if (inFlight.size >= this.#work.task.concurrency) await Promise.race(inFlight);
      }
    } finally {
      await Promise.all(inFlight);
    }
  }

  /** Streams the candidates in batches of this size until `mayGoOn` returns false. A group stays together. */
  async *batches(size: number, find = this.#find()): AsyncGenerator<Candidate[]> {
    const { task, mayGoOn, result } = this.#work;
    let batch: Candidate[] = [];
    let group: string | undefined;
    for await (const candidate of find) {
      const next: string | undefined = task.groupOf?.(candidate);
      if (batch.length >= size && next !== group) {
        yield batch;
        batch = [];
      }
      if (batch.length === 0 && !mayGoOn()) {
        result.complete = false;
        return;
      }
      batch.push(candidate);
      group = next;
      if (task.groupOf || batch.length < size) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** Gathers and decides. Returns the candidates to act on and counts the others; a dry run counts all. */
  async choose(batch: readonly Candidate[]): Promise<Decided[]> {
    const { context, result } = this.#work;
    const gathered = await this.#gather(batch);
    const chosen: Decided[] = [];
    for (const candidate of batch) {
      const decision = 'failure' in gathered ? gathered : this.#decideAlone(candidate, gathered.facts);
      if ('failure' in decision) {
        count(result, candidate, failureOf(decision.failure));
        continue;
      }
      if (context.dryRun) show(result, candidate.id, decision);
      if (decision.act && !context.dryRun)
        chosen.push({ candidate, reason: decision.reason, plan: decision.plan });
      else count(result, candidate, resultOf(decision), decision.reason);
    }
    return chosen;
  }

  #find(): AsyncIterable<Candidate> {
    const { task, params, context } = this.#work;
    return task.find(this.#run, context, params);
  }

  async #runBatch(batch: readonly Candidate[]): Promise<void> {
    const chosen = await this.choose(batch);
    if (chosen.length === 0) return;
    const { task, context, result } = this.#work;
    const results: ActResult<string>[] = await task
      .act(chosen, this.#run, context)
      .catch((error: unknown) => chosen.map(() => failureOf(error)));
    for (const [index, { candidate, reason }] of chosen.entries())
      count(result, candidate, results[index] ?? NO_RESULT, reason);
  }

  async #gather(batch: readonly Candidate[]): Promise<{ facts: unknown } | { failure: unknown }> {
    try {
      return { facts: await this.#work.task.gather?.(batch, this.#run, this.#work.context) };
    } catch (failure) {
      return { failure };
    }
  }

  /** Decides for one candidate. An unexpected error fails this candidate only. */
  #decideAlone(candidate: Candidate, facts: unknown): Decision<string, unknown> | { failure: unknown } {
    const { task, params, context } = this.#work;
    try {
      return task.decide(candidate, { facts, run: this.#run, params, now: context.now });
    } catch (failure) {
      return { failure };
    }
  }
}

const NO_RESULT = { outcome: 'failed', reason: 'no_result', retry: true } as const;

/** Returns a decision as a result, for a dry run or if there is nothing to do. */
function resultOf(decision: Decision<string, unknown>): ActResult<string> {
  if (decision.act) return { outcome: 'acted' };
  const { reason, failed, isUnfinished } = decision;
  const left = isUnfinished ? { isUnfinished } : {};
  return failed ? { outcome: 'failed', reason, ...failed, ...left } : { outcome: 'skipped', reason, ...left };
}
