import type { DocumentSnapshot } from '@google-cloud/firestore';
import { addUsage, type Usage } from '../../doors/cost.ts';
import { openCounted } from '../../doors/engines.ts';
import { HttpError } from '../../doors/http/errors.ts';
import { type Lease, takeLease } from '../../doors/redis/lease.ts';
import { openContext } from '../context.ts';
import { logClosed } from '../log-run.ts';
import type { CommonParams } from '../params.ts';
import { Pipeline } from '../pipeline.ts';
import type { RunRequest } from '../request.ts';
import { emptyResult, type PipelineResult, type Shown } from '../result.ts';
import type { AnyTask, Deps, FanOut, RunContext, TaskTypes } from '../task.ts';
import { type Batch, batchesOf, readBatch, writeBatch } from './batch.ts';
import { closeIfDone } from './closing.ts';
import { BATCH_ATTEMPTS } from './settings.ts';
import { addSums, countOf, noSums, type Sums, sumsOf, withoutRetries } from './sums.ts';

/** A delivery of a batch. `attempt` counts from 1; null: the caller will not retry. */
export interface BatchOrder {
  run: string;
  batch: string;
  dry_run: boolean;
  attempt: number | null;
}

/** The result of a delivery. `again`: the next attempt may heal the failures of some candidates. */
export interface ActedBatch {
  outcome: 'settled' | 'again' | 'deduplicated' | 'skipped_overlap' | 'dry_run';
  /** The sums of this delivery. */
  sums: Sums;
  shown: Shown[];
  usage: Usage;
}

const toActed = (outcome: ActedBatch['outcome'], usage: Usage, sums = noSums()): ActedBatch => ({
  ...{ outcome, sums, shown: [], usage },
});

/**
 * Works on one batch: gathers, decides and acts as in any run, on its candidates as they are now.
 * - The batch's record lists the candidates that are left.
 * - The first delivery that settles the batch wins. The one that settles a run's last batch closes the run.
 * - Two deliveries of a batch never work at once while Redis is up, and change nothing twice without it.
 */
export async function actOnBatch(
  { task, order, request, batch, looked }: FoundBatch,
  deps: Deps,
  fields: object,
): Promise<ActedBatch> {
  const { fanOut } = task;
  if (!fanOut || batch.state !== 'open') return toActed('deduplicated', looked);
  const context = openContext(deps, request);
  const part: Part = { task, fanOut, batch, request, context, looked };
  if (order.dry_run) {
    const { result } = await work(part, null);
    const usage = usageOf(part);
    return { ...toActed('dry_run', usage, sumsOf(result, {}, usage)), shown: result.shown };
  }
  const lease = await takeLease(
    context.redis,
    `lease:batch:${order.batch}`,
    request.params.budget_seconds,
  ).catch(() => undefined);
  if (lease === null) return toActed('skipped_overlap', usageOf(part));
  try {
    const acted = await workAndSettle(part, order.attempt, lease ?? null);
    const closed =
      acted.outcome === 'settled' ? await closeIfDone(deps.store, order.run, deps.clock()) : null;
    if (closed) logClosed(deps.log, fields, closed);
    return acted;
  } finally {
    await lease?.release();
  }
}

/** A batch at work. */
interface Part {
  task: AnyTask;
  fanOut: FanOut<TaskTypes>;
  batch: Batch;
  request: RunRequest;
  context: RunContext;
  /** The cost of finding the batch. */
  looked: Usage;
}

const usageOf = ({ looked, context }: Part): Usage => addUsage(context.usage(), looked);

async function workAndSettle(part: Part, attempt: number | null, lease: Lease | null): Promise<ActedBatch> {
  const { batch, context } = part;
  const { result, gone } = await work(part, lease);
  const { retries } = result;
  const again = retries.length > 0 && attempt !== null && attempt < BATCH_ATTEMPTS;
  // Settling costs a write, the lease's release and a look at the other batches.
  const settling = { firestore_writes: 1, firestore_reads: again ? 0 : 1, redis_commands: lease ? 1 : 0 };
  const spent = addUsage(usageOf(part), settling);
  const all = addSums(sumsOf(result, context.tally, spent), countOf('skipped', 'gone', gone));
  const sums = again ? withoutRetries(all, retries) : all;
  const state = again ? 'open' : 'settled';
  const left = again ? retries.map(({ id }) => id) : [];
  const settled = { ...batch, ref: context.store.doc(batch.ref.path) };
  const written = await writeBatch(settled, { state, left, done: addSums(batch.done, sums) });
  return written ? toActed(again ? 'again' : 'settled', spent, all) : toActed('deduplicated', spent);
}

/** A delivered batch as the ledger has it, with the request of its run. */
export interface FoundBatch {
  task: AnyTask;
  order: BatchOrder;
  request: RunRequest;
  batch: Batch;
  /** The cost of finding it. */
  looked: Usage;
}

/** Finds a batch in the ledger. Throws 404 if there is no such batch of this task. */
export async function findBatch(task: AnyTask, order: BatchOrder, deps: Deps): Promise<FoundBatch> {
  const { store, usage } = openCounted(deps);
  const { run, batch, dry_run } = order;
  const batches = run.includes('/') ? null : batchesOf(store, run);
  const [record, snapshot] = batches?.parent
    ? await store.getAll(batches.parent, batches.doc(batch))
    : [undefined, undefined];
  if (!record || !snapshot?.exists || record.get('task') !== task.name)
    throw new HttpError(
      404,
      `There is no such batch of ${task.name}; task_runs/RUN/batches lists the batches of a run.`,
    );
  const request = requestOf(record, dry_run);
  return { task, order, request, batch: readBatch(snapshot), looked: usage() };
}

/** Returns the request of a run from its record. */
function requestOf(record: DocumentSnapshot, dryRun: boolean): RunRequest {
  const params = record.get('params') as Record<string, unknown> & CommonParams;
  return {
    identity: { id: record.id, occurrence: record.get('occurrence')?.toDate() ?? null },
    trigger: record.get('trigger'),
    requestedBy: record.get('requested_by') ?? null,
    params: { ...params, dry_run: dryRun },
  };
}

async function work(
  { task, fanOut, batch: { left }, request: { params }, context }: Part,
  lease: Lease | null,
): Promise<{ result: PipelineResult; gone: number }> {
  const result = emptyResult();
  const deadline = context.now.getTime() + params.budget_seconds * 1000;
  const mayGoOn = () =>
    context.clock().getTime() < deadline && context.leftMs() > 0 && (lease?.held() ?? true);
  const pipeline = new Pipeline({ task, params, context, mayGoOn, result });
  await pipeline.open();
  await pipeline.runAll(fanOut.load(left, pipeline.run, context));
  // A complete batch did not load the candidates that are gone. The rest of an incomplete one is for the next run.
  const gone = result.complete ? left.length - result.counts.candidates : 0;
  return { result, gone };
}
