import { type DocumentSnapshot, type Firestore, Timestamp } from '@google-cloud/firestore';
import { addUsage, costOf, noUsage } from '../../doors/cost.ts';
import { writeAttempt } from '../../doors/store/counted.ts';
import { isConflict, millis } from '../../doors/store/firestore.ts';
import type { Outcome } from '../task.ts';
import { type Batch, batchesOf, readBatch, writeBatch } from './batch.ts';
import { addSums, countOf, noSums, outcomeOf, type Sums } from './sums.ts';

/** A run's error names this many lost batches; its record lists all. */
const NAMED = 5;

/** The end of a dispatched run. */
export interface ClosedRun {
  id: string;
  outcome: Outcome;
  sums: Sums;
  error: string | null;
}

const runRef = (store: Firestore, id: string) => store.collection('task_runs').doc(id);

/**
 * Closes a dispatched run if none of its batches is open: its record gets the sums and the cost of all batches. Call it
 * after settling a batch and after dispatching the last one; the last caller closes the run.
 *
 * Returns null if a batch is open or the run is already closed. The caller counts the first read; the others belong to the
 * cost of the run.
 */
export async function closeIfDone(store: Firestore, runId: string, now: Date): Promise<ClosedRun | null> {
  const open = await batchesOf(store, runId).where('state', '==', 'open').limit(1).get();
  if (!open.empty) return null;
  const run = await runRef(store, runId).get();
  return run.get('outcome') === 'dispatched' ? closeWithSums(run, now) : null;
}

/**
 * Closes the dispatched runs of a task that are done, and those whose deadline has passed, with their lost batches. Returns
 * the closed runs, and `atWork`: a run other than `ownId` is still at work.
 */
export async function closeEarlier(
  store: Firestore,
  task: string,
  ownId: string,
  now: Date,
): Promise<{ closed: ClosedRun[]; atWork: boolean }> {
  const query = store.collection('task_runs').where('task', '==', task).where('outcome', '==', 'dispatched');
  const { docs } = await query.get();
  const closed: ClosedRun[] = [];
  let atWork = false;
  for (const run of docs) {
    const late = isLate(run, now);
    const one = late ? await closeLate(store, run.id, now) : await closeIfDone(store, run.id, now);
    if (one) closed.push(one);
    else if (!late && run.id !== ownId) atWork = true;
  }
  return { closed, atWork };
}

const isLate = (run: DocumentSnapshot, now: Date) =>
  (millis(run.get('dispatched.deadline')) ?? 0) <= now.getTime();

/** Returns the dispatched runs of all tasks whose deadline has passed and that are not closed. */
export async function lateRuns(store: Firestore, now: Date): Promise<{ id: string; task: string }[]> {
  const { docs } = await store
    .collection('task_runs')
    .where('outcome', '==', 'dispatched')
    .select('task', 'dispatched.deadline')
    .get();
  return docs.filter((run) => isLate(run, now)).map((run) => ({ id: run.id, task: String(run.get('task')) }));
}

/** Closes a run whose deadline has passed, with its lost batches. Returns null if another process closed it. */
export async function closeLate(store: Firestore, runId: string, now: Date): Promise<ClosedRun | null> {
  await loseOpen(store, runId);
  return await closeIfDone(store, runId, now);
}

/** Marks the open batches of a run as lost. A batch that settles at this moment stays settled. */
async function loseOpen(store: Firestore, runId: string): Promise<void> {
  const { docs } = await batchesOf(store, runId).where('state', '==', 'open').get();
  await Promise.all(docs.map((doc) => writeBatch(readBatch(doc), { state: 'lost' })));
}

/** Adds up all batches and closes the run. Of two concurrent calls the first wins; both read the same sums. */
async function closeWithSums(run: DocumentSnapshot, now: Date): Promise<ClosedRun | null> {
  const { docs } = await run.ref.collection('batches').get();
  const closing = addUsage(noUsage(), { firestore_reads: 1 + docs.length, firestore_writes: 1 });
  const found = docs.map(readBatch);
  const lost = found.filter(({ state }) => state === 'lost');
  const own: Sums = { ...noSums(), ...(run.get('dispatched.own') as Partial<Sums> | undefined) };
  const sums = [{ ...noSums(), cost: closing }, ...found.map(sumsOfBatch)].reduce(addSums, own);
  const error = lost.length > 0 ? lostError(lost, found.length, run) : null;
  const outcome = outcomeOf(sums.counts, error !== null || sums.wants_retry);
  const startedAt = millis(run.get('started_at')) ?? now.getTime();
  const finishedAt = Math.max(startedAt, now.getTime());
  const { counts, skipped, failed, notes, tally, complete } = sums;
  const fields = {
    ...{ outcome, counts, skipped, failed, complete, error },
    ...(notes.length > 0 ? { notes } : {}),
    ...(Object.keys(tally).length > 0 ? { tally } : {}),
    ...(lost.length > 0 ? { lost: lost.map(({ ref }) => ref.id) } : {}),
    cost: costOf(sums.cost),
    finished_at: Timestamp.fromMillis(finishedAt),
    duration_ms: finishedAt - startedAt,
    ...writeAttempt(),
  };
  try {
    await run.ref.update(fields, run.updateTime ? { lastUpdateTime: run.updateTime } : {});
    return { id: run.id, outcome, sums, error };
  } catch (conflict) {
    if (isConflict(conflict)) return null;
    throw conflict;
  }
}

/** Returns the sums of a batch. The candidates left in a lost one have failed. */
function sumsOfBatch({ state, done, left }: Batch): Sums {
  return state === 'lost' ? addSums(done, countOf('failed', 'lost', left.length)) : done;
}

function lostError(lost: readonly Batch[], all: number, run: DocumentSnapshot): string {
  const names = lost.slice(0, NAMED).map(({ ref }) => ref.id);
  const candidates = lost.reduce((sum, { left }) => sum + left.length, 0);
  const deadline = new Date(millis(run.get('dispatched.deadline')) ?? 0).toISOString();
  return `Lost: ${lost.length} of ${all} batches (${candidates} candidates) did not report by ${deadline}: ${names.join(', ')}${lost.length > NAMED ? ', ...' : ''}; the next run finds them again.`;
}
