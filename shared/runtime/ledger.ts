import type {
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  Query,
  Timestamp,
} from '@google-cloud/firestore';
import { writeAttempt } from '../doors/store/counted.ts';
import { isConflict, streamQuery } from '../doors/store/firestore.ts';
import { updateUnchanged } from '../doors/store/update-unchanged.ts';
import type { RunIdentity } from './occurrence.ts';
import {
  endFields,
  type RunEnd,
  type RunStart,
  startFields,
  withAttemptEnd,
  withNewestAttempt,
} from './record.ts';

/** A conditional write to one record gives up after this many conflicts. Each conflict is another attempt's write. */
const MAX_TRIES = 10;

/** An attempt that is under way in the ledger. */
export interface OpenRun {
  ref: DocumentReference;
  attempt: number;
  /** The instant of this attempt's last write; a later one is another attempt's. */
  writtenAt: Timestamp;
}

const runs = (store: Firestore) => store.collection('task_runs');

/**
 * Opens a run in the ledger: attempt 1, or the next one if an earlier attempt failed, stopped early or was killed.
 * Returns null if this occurrence is settled already. The caller holds the task's lease, or Redis is out of reach.
 *
 * `resumes`: a run that its budget ended early continues under the same id.
 */
export async function openRun(
  store: Firestore,
  run: RunIdentity,
  start: RunStart,
  resumes: boolean,
): Promise<OpenRun | null> {
  const ref = runs(store).doc(run.id);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const before = run.occurrence ? await ref.get() : null;
    if (before?.exists && isSettled(before, resumes)) return null;
    const attempt = Number(before?.get('attempt') ?? 0) + 1;
    try {
      const { writeTime } = await writeStart(ref, before, { ...startFields(run, start), attempt });
      return { ref, attempt, writtenAt: writeTime };
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
  throw contention(ref, 'opened');
}

function isSettled(record: DocumentSnapshot, resumes: boolean): boolean {
  const outcome = record.get('outcome') as string | null;
  if (outcome === null || ['failed', 'skipped_overlap', 'abandoned'].includes(outcome)) return false;
  return !(resumes && record.get('complete') === false);
}

function writeStart(ref: DocumentReference, before: DocumentSnapshot | null, fields: object) {
  const marked = { ...fields, ...writeAttempt() };
  if (!before?.exists) return ref.create(marked);
  const attempts = withNewestAttempt(before);
  return ref.update({ ...marked, attempts }, before.updateTime ? { lastUpdateTime: before.updateTime } : {});
}

function contention({ path }: DocumentReference, act: 'opened' | 'closed'): Error {
  return new Error(
    `${path} could not be ${act} in ${MAX_TRIES} tries, since other attempts kept changing it; call the task again.`,
  );
}

/** Returns the last runs of a task, newest first; needs the index (task, started_at desc) of task_runs. */
export function lastRuns(store: Firestore, task: string, limit: number): Query {
  return runs(store).where('task', '==', task).orderBy('started_at', 'desc').limit(limit);
}

/**
 * Marks this task's other unfinished runs `abandoned`. The caller must hold the lease: no other run works then.
 * Each update has its own precondition, so a run that finishes at this moment keeps its record.
 */
export async function abandonOthers(store: Firestore, task: string, ownId: string): Promise<number> {
  const unfinished = runs(store).where('task', '==', task).where('outcome', '==', null);
  const others = [];
  for await (const snapshot of streamQuery(unfinished)) {
    if (snapshot.id !== ownId) others.push({ snapshot, fields: { outcome: 'abandoned' } });
  }
  const results = await updateUnchanged(store, others);
  return results.filter((result) => result === 'updated').length;
}

/**
 * Writes an attempt's end into the ledger. If it lost its lease, a newer attempt may own the record: then the end goes
 * into `attempts`, and the newer attempt's fields and write mark stay.
 */
export async function closeRun({ ref, attempt, writtenAt }: OpenRun, end: RunEnd): Promise<void> {
  let fields: Record<string, unknown> = { ...endFields(end), ...writeAttempt() };
  let lastUpdateTime = writtenAt;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    try {
      await ref.update(fields, { lastUpdateTime });
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
      const now = await ref.get();
      if (!now.updateTime) throw error;
      lastUpdateTime = now.updateTime;
      if (now.get('attempt') !== attempt) fields = { attempts: withAttemptEnd(now, attempt, end) };
    }
  }
  throw contention(ref, 'closed');
}

/**
 * Records a delivery that found the task at work as attempt 1 of its occurrence; the retry that takes over is attempt 2.
 * Returns false if the occurrence has a record already, which stays.
 */
export async function recordOverlap(
  store: Firestore,
  run: RunIdentity,
  start: RunStart,
  end: RunEnd,
): Promise<boolean> {
  const fields = { ...startFields(run, start), ...endFields(end), attempt: 1, ...writeAttempt() };
  try {
    await runs(store).doc(run.id).create(fields);
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}
