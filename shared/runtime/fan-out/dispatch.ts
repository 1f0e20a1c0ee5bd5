import type { Config } from '../../doors/config.ts';
import { openQueue, type TaskQueue } from '../../doors/google/tasks.ts';
import type { TasksConfig } from '../../doors/google/tasks-settings.ts';
import { batches, choose, type PipelineOptions } from '../pipeline.ts';
import type { PipelineResult } from '../result.ts';
import type { AnyTask, FanOut, RunContext } from '../task.ts';
import { batchesOf, batchName, readBatch, recordBatch } from './batch.ts';

/** Calls to Cloud Tasks in flight. */
const HANDING_ON = 16;
/** An instance may take so long to start, and to answer after its budget. */
const DEADLINE_SLACK_SECONDS = 20;
const MAX_DEADLINE_SECONDS = 1800;

/** A task that fans out, and the queue its batches go to. */
export interface Dispatching {
  task: AnyTask;
  fanOut: FanOut<{ id: string }>;
  queue: TasksConfig;
}

/** Whether a run is to be handed on, and how; null: it is done where it was called. */
export function dispatchingOf(task: AnyTask, { tasks }: Config): Dispatching | null {
  return task.fanOut && tasks ? { task, fanOut: task.fanOut, queue: tasks } : null;
}

/**
 * Finds, gathers and decides as a run does, and hands what is to be acted on to Cloud Tasks in batches. Each batch is
 * recorded before it is enqueued, under a name made of the run and its content: a dispatcher that was killed in between is
 * followed by one that enqueues what is recorded again (the queue knows the names) and batches only the rest.
 */
export async function dispatchBatches(
  { task, fanOut, queue: queueConfig }: Dispatching,
  params: Record<string, unknown> & { budget_seconds: number },
  context: RunContext,
  { mayGoOn }: Pick<PipelineOptions, 'mayGoOn'>,
  attempt: number,
  result: PipelineResult,
): Promise<void> {
  const queue = openQueue(context.config, queueConfig);
  const hands = new Hands(queue, task, context, params.budget_seconds);
  try {
    const known = attempt > 1 ? await hands.again() : new Set<string>();
    let pending: string[] = [];
    for await (const found of batches(
      { ...task, batchSize: fanOut.batchSize },
      params,
      context,
      mayGoOn,
      result,
    )) {
      const fresh = found.filter(({ id }) => !known.has(id));
      const { chosen } = await choose(task, params, context, false, fresh, result);
      const ids = chosen.map(({ candidate }) => candidate.id);
      if (pending.length > 0 && pending.length + ids.length > fanOut.batchSize) {
        await hands.on(pending);
        pending = [];
      }
      pending.push(...ids);
    }
    if (pending.length > 0) await hands.on(pending);
  } finally {
    await hands.idle();
    result.dispatched = hands.handed;
  }
  hands.throwFault();
}

/** Records and enqueues batches, some at a time. */
class Hands {
  readonly handed = { batches: 0, candidates: 0 };
  readonly #busy = new Set<Promise<void>>();
  readonly #queue: TaskQueue;
  readonly #task: AnyTask;
  readonly #context: RunContext;
  readonly #deadlineSeconds: number;
  #fault: unknown = null;

  constructor(queue: TaskQueue, task: AnyTask, context: RunContext, budgetSeconds: number) {
    this.#queue = queue;
    this.#task = task;
    this.#context = context;
    this.#deadlineSeconds = Math.min(budgetSeconds + DEADLINE_SLACK_SECONDS, MAX_DEADLINE_SECONDS);
  }

  /** Hands a new batch on; waits while too many are under way. Throws what stopped an earlier one. */
  async on(ids: readonly string[]): Promise<void> {
    const { store, runId, now, meter } = this.#context;
    const name = batchName(runId, ids);
    this.#start(ids.length, async () => {
      await recordBatch(batchesOf(store, runId).doc(name), ids, now, meter);
      await this.#enqueue(name);
    });
    if (this.#busy.size >= HANDING_ON) await Promise.race(this.#busy);
    this.throwFault();
  }

  /** Enqueues the open batches of earlier attempts once more; returns the candidates that are in any. */
  async again(): Promise<Set<string>> {
    const { store, runId, meter } = this.#context;
    const { docs } = await batchesOf(store, runId).get();
    meter.firestore_reads += Math.max(1, docs.length);
    const found = docs.map(readBatch);
    for (const { ref, state, ids } of found) {
      this.#start(ids.length, async () => {
        if (state === 'open') await this.#enqueue(ref.id);
      });
      if (this.#busy.size >= HANDING_ON) await Promise.race(this.#busy);
    }
    return new Set(found.flatMap(({ ids }) => ids));
  }

  async idle(): Promise<void> {
    await Promise.all(this.#busy);
  }

  throwFault(): void {
    if (this.#fault !== null) throw this.#fault;
  }

  #start(candidates: number, work: () => Promise<void>): void {
    this.handed.batches += 1;
    this.handed.candidates += candidates;
    const busy = work()
      .catch((error: unknown) => {
        this.#fault ??= error;
      })
      .finally(() => this.#busy.delete(busy));
    this.#busy.add(busy);
  }

  async #enqueue(name: string): Promise<void> {
    const { config, runId } = this.#context;
    const [audience = ''] = config.functionUrls;
    await this.#queue.add({
      id: name,
      url: `${audience}${this.#task.route}/act`,
      audience,
      body: { run: runId, batch: name },
      deadlineSeconds: this.#deadlineSeconds,
    });
  }
}
