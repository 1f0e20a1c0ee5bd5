import { openQueue, type TaskQueue } from '../../doors/google/tasks.ts';
import type { TasksConfig } from '../../doors/google/tasks-settings.ts';
import type { Pipeline } from '../pipeline.ts';
import type { PipelineResult } from '../result.ts';
import type { AnyTask, FanOut, RunContext, TaskTypes } from '../task.ts';
import { batchesOf, batchName, readBatch, recordBatch } from './batch.ts';

/** The most calls to Cloud Tasks in flight. */
const ENQUEUEING = 16;
/** The time an instance may take to start, and to answer after its budget. */
const DEADLINE_SLACK_SECONDS = 20;
const MAX_DEADLINE_SECONDS = 1800;

/** A task that fans out, and the queue its batches go to. */
export interface Dispatching {
  task: AnyTask;
  fanOut: FanOut<TaskTypes>;
  queue: TasksConfig;
  context: RunContext;
  result: PipelineResult;
}

/** Returns the queue for a run's batches, or null if the run works in the called instance. */
export function dispatchingOf(
  task: AnyTask,
  context: RunContext,
  result: PipelineResult,
): Dispatching | null {
  const { tasks: queue } = context.config;
  return task.fanOut && queue ? { task, fanOut: task.fanOut, queue, context, result } : null;
}

/**
 * Finds, gathers and decides as a run does, and dispatches the candidates to act on to Cloud Tasks in batches.
 *
 * It records each batch before it enqueues it, under a name made of the run and the content. If it is killed in between, the
 * next attempt enqueues the recorded batches again, since the queue knows the names, and batches only the rest.
 */
export async function dispatchBatches(
  { task, fanOut, queue, context, result }: Dispatching,
  pipeline: Pipeline,
  { attempt, budgetSeconds }: { attempt: number; budgetSeconds: number },
): Promise<void> {
  const dispatcher = new Dispatcher(openQueue(context.config, queue), task, context, budgetSeconds);
  try {
    const known = attempt > 1 ? await dispatcher.enqueueRecorded() : new Set<string>();
    let pending: string[] = [];
    for await (const found of pipeline.batches(fanOut.batchSize)) {
      const fresh = found.filter(({ id }) => !known.has(id));
      const ids = (await pipeline.choose(fresh)).map(({ candidate }) => candidate.id);
      if (pending.length > 0 && pending.length + ids.length > fanOut.batchSize) {
        await dispatcher.dispatch(pending);
        pending = [];
      }
      pending.push(...ids);
    }
    if (pending.length > 0) await dispatcher.dispatch(pending);
  } finally {
    await dispatcher.idle();
    result.dispatched = dispatcher.dispatched;
  }
  dispatcher.throwFault();
}

/** Records and enqueues batches, several at a time. */
class Dispatcher {
  readonly dispatched = { batches: 0, candidates: 0 };
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

  /** Dispatches a new batch. Waits while too many are in flight. Throws the fault of an earlier one. */
  async dispatch(ids: readonly string[]): Promise<void> {
    const { store, runId, now } = this.#context;
    const name = batchName(runId, ids);
    this.#start(ids.length, async () => {
      await recordBatch(batchesOf(store, runId).doc(name), ids, now);
      await this.#enqueue(name);
    });
    if (this.#busy.size >= ENQUEUEING) await Promise.race(this.#busy);
    this.throwFault();
  }

  /** Enqueues the open batches of earlier attempts again. Returns the candidates of all their batches. */
  async enqueueRecorded(): Promise<Set<string>> {
    const { store, runId } = this.#context;
    const { docs } = await batchesOf(store, runId).get();
    const found = docs.map(readBatch);
    for (const { ref, state, ids } of found) {
      this.#start(ids.length, async () => {
        if (state === 'open') await this.#enqueue(ref.id);
      });
      if (this.#busy.size >= ENQUEUEING) await Promise.race(this.#busy);
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
    this.dispatched.batches += 1;
    this.dispatched.candidates += candidates;
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
