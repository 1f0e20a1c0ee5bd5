import type { DocumentSnapshot } from '@google-cloud/firestore';
import { type Meter, newMeter } from '../../doors/cost.ts';
import { HttpError } from '../../doors/http/errors.ts';
import { type Lease, takeLease } from '../../doors/redis/lease.ts';
import { openContext } from '../context.ts';
import { logClosed } from '../log-run.ts';
import type { CommonParams } from '../params.ts';
import { runPipeline } from '../pipeline.ts';
import type { RunRequest } from '../request.ts';
import { emptyResult, type PipelineResult, type Shown } from '../result.ts';
import type { AnyTask, Deps, FanOut, RunContext } from '../task.ts';
import { type Batch, batchesOf, readBatch, writeBatch } from './batch.ts';
import { closeIfDone } from './closing.ts';
import { BATCH_ATTEMPTS } from './settings.ts';
import { addSums, countOf, noSums, type Sums, sumsOf, withoutRetries } from './sums.ts';

/** Which batch is to be done. `attempt` counts from 1; null: whoever calls will not come again. */
export interface BatchOrder {
  run: string;
  batch: string;
  dry_run: boolean;
  attempt: number | null;
}

/** What became of a delivery. `again`: some candidates failed in a way that the next attempt may heal. */
export interface ActedBatch {
  outcome: 'settled' | 'again' | 'deduplicated' | 'skipped_overlap' | 'dry_run';
  /** What this delivery has done. */
  sums: Sums;
  shown: Shown[];
  meter: Meter;
}

const nothing = (outcome: ActedBatch['outcome'], meter: Meter): ActedBatch => ({
  ...{ outcome, sums: noSums(), shown: [], meter },
});

/**
 * Does one batch: gather, decide and act as in any run, on its candidates as they are now. Its record says what is left of
 * it; it is settled once, by whoever gets there first, and whoever settles a run's last batch closes the run. Two deliveries
 * of a batch do not work at the same time as long as Redis is there, and change nothing twice without it.
 */
export async function actOnBatch(
  task: AnyTask,
  order: BatchOrder,
  deps: Deps,
  fields: object,
): Promise<ActedBatch> {
  const meter = newMeter();
  const { fanOut } = task;
  const { request, batch } = await findBatch(task, order, deps, meter);
  if (!fanOut || batch.state !== 'open') return nothing('deduplicated', meter);
  const context = openContext(deps, request);
  context.meter.firestore_reads += meter.firestore_reads;
  const part: Part = { task, fanOut, batch, request, context };
  if (order.dry_run) {
    const { result } = await work(part, null);
    return {
      ...nothing('dry_run', context.meter),
      sums: sumsOf(result, {}, newMeter()),
      shown: result.shown,
    };
  }
  const lease = await takeLease(deps.redis, `lease:batch:${order.batch}`, context.meter).catch(
    () => undefined,
  );
  if (lease === null) return nothing('skipped_overlap', context.meter);
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

/** All that doing a batch needs. */
interface Part {
  task: AnyTask;
  fanOut: FanOut<{ id: string }>;
  batch: Batch;
  request: RunRequest;
  context: RunContext;
}

async function workAndSettle(part: Part, attempt: number | null, lease: Lease | null): Promise<ActedBatch> {
  const { batch, context } = part;
  const { result, gone } = await work(part, lease);
  const { retries } = result;
  const again = retries.length > 0 && attempt !== null && attempt < BATCH_ATTEMPTS;
  // The write that settles it is among its cost, and so is the look at the other batches after that.
  const { firestore_writes: writes, firestore_reads: reads } = context.meter;
  const spent = { ...context.meter, firestore_writes: writes + 1, firestore_reads: reads + (again ? 0 : 1) };
  const all = addSums(sumsOf(result, context.tally, spent), countOf('skipped', 'gone', gone));
  const sums = again ? withoutRetries(all, retries) : all;
  const state = again ? 'open' : 'settled';
  const left = again ? retries.map(({ id }) => id) : [];
  const written = await writeBatch(batch, { state, left, done: addSums(batch.done, sums) }, context.meter);
  if (!written) return nothing('deduplicated', context.meter);
  return { ...nothing(again ? 'again' : 'settled', context.meter), sums: all };
}

/** The run's own request, and the batch; 404 where the ledger has no such batch of this task. */
async function findBatch(task: AnyTask, { run, batch, dry_run }: BatchOrder, { store }: Deps, meter: Meter) {
  const batches = run.includes('/') ? null : batchesOf(store, run);
  const [record, snapshot] = batches?.parent
    ? await store.getAll(batches.parent, batches.doc(batch))
    : [undefined, undefined];
  meter.firestore_reads += 2;
  if (!record || !snapshot?.exists || record.get('task') !== task.name)
    throw new HttpError(
      404,
      `There is no such batch of ${task.name}; the run's record names those there are.`,
    );
  return { request: requestOf(record, dry_run), batch: readBatch(snapshot) };
}

/** A run as it was asked for, from its record. */
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
  const mayGoOn = () => context.clock().getTime() < deadline && (lease?.held() ?? true);
  const part: AnyTask = { ...task, find: () => fanOut.load(left, context) };
  await runPipeline(part, params, context, { dryRun: params.dry_run, mayGoOn }, result);
  // Cut short, the rest is for the next run; else whoever was not loaded is no candidate any more.
  const gone = result.complete ? left.length - result.counts.candidates : 0;
  return { result, gone };
}
