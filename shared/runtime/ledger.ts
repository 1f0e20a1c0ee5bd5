import { type DocumentSnapshot, type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { costOf, type Usage } from '../doors/cost.ts';
import { isConflict, streamQuery, updateUnchanged } from '../doors/store/firestore.ts';
import type { Sums } from './fan-out/sums.ts';
import type { RunIdentity } from './occurrence.ts';
import type { Counts, Dispatched, Note, Outcome } from './task.ts';

/** How long a run is kept; Firestore's TTL policy on `expires_at` deletes it. */
const KEEP_DAYS = 90;
const DAY_MS = 86_400_000;

export interface RunStart {
  task: string;
  trigger: string;
  requestedBy: string | null;
  params: object;
  startedAt: Date;
}

export interface RunEnd {
  outcome: Outcome;
  complete: boolean;
  counts: Counts;
  skipped: Record<string, number>;
  failed: Record<string, number>;
  notes: readonly Note[];
  tally: Readonly<Record<string, number>>;
  error: string | null;
  startedAt: Date;
  finishedAt: Date;
  cost: Usage;
  /** Of a run that was handed on: how much, until when its batches are waited for, and what it has done itself. */
  dispatched?: Dispatched & { deadline: Date; own: Sums };
}

/** An attempt that is under way in the ledger. */
export interface OpenRun {
  attempt: number;
  /** When Firestore wrote it: what has changed since is another's. */
  writtenAt: Timestamp;
}

const runs = (store: Firestore) => store.collection('task_runs');

/**
 * Opens a run in the ledger: attempt 1, or the next one where an earlier attempt failed, stopped early or was killed.
 * Returns null where this occurrence is settled already. The caller holds the task's lease, or knows that it has none.
 *
 * `resumes` says that a run its budget ended early is to be taken up again under the same id.
 */
export async function openRun(
  store: Firestore,
  run: RunIdentity,
  start: RunStart,
  resumes: boolean,
): Promise<OpenRun | null> {
  const ref = runs(store).doc(run.id);
  for (;;) {
    let before: DocumentSnapshot | null = null;
    if (run.occurrence) {
      before = await ref.get();
      if (before.exists && isSettled(before, resumes)) return null;
    }
    const attempt = Number(before?.get('attempt') ?? 0) + 1;
    try {
      const { writeTime } = await writeStart(ref, before, { ...runFields(run, start), attempt });
      return { attempt, writtenAt: writeTime };
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

function isSettled(snapshot: DocumentSnapshot, resumes: boolean): boolean {
  const outcome = snapshot.get('outcome') as string | null;
  if (outcome === null || ['failed', 'skipped_overlap', 'abandoned'].includes(outcome)) return false;
  return !(resumes && snapshot.get('complete') === false);
}

function writeStart(
  ref: FirebaseFirestore.DocumentReference,
  before: DocumentSnapshot | null,
  fields: object,
) {
  if (!before?.exists) return ref.create(fields);
  const attempts = [...((before.get('attempts') as object[] | undefined) ?? []), earlierAttempt(before)];
  return ref.update({ ...fields, attempts }, before.updateTime ? { lastUpdateTime: before.updateTime } : {});
}

/** What is kept of an attempt that another one follows; one that never finished was killed. */
function earlierAttempt(before: DocumentSnapshot): object {
  return {
    attempt: before.get('attempt'),
    started_at: before.get('started_at'),
    finished_at: before.get('finished_at') ?? null,
    outcome: before.get('outcome') ?? 'abandoned',
    counts: before.get('counts') ?? null,
    error: before.get('error') ?? null,
  };
}

function runFields(run: RunIdentity, start: RunStart): object {
  return {
    task: start.task,
    occurrence: run.occurrence ? Timestamp.fromDate(run.occurrence) : null,
    trigger: start.trigger,
    ...(start.requestedBy ? { requested_by: start.requestedBy } : {}),
    started_at: Timestamp.fromDate(start.startedAt),
    finished_at: null,
    duration_ms: null,
    outcome: null,
    complete: null,
    dry_run: false,
    params: start.params,
    counts: null,
    skipped: {},
    failed: {},
    cost: null,
    error: null,
    expires_at: Timestamp.fromMillis(start.startedAt.getTime() + KEEP_DAYS * DAY_MS),
  };
}

/** The last runs of a task, newest first; needs the index (task, started_at desc) of task_runs. */
export function lastRuns(store: Firestore, task: string, limit: number): Query {
  return runs(store).where('task', '==', task).orderBy('started_at', 'desc').limit(limit);
}

/**
 * Marks this task's other unfinished runs `abandoned`. Only for who holds the lease: nobody else can be at work then.
 * Each is re-checked by its own precondition, so one that finishes at this moment stays as it is.
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
 * Settles an attempt in the ledger, with all it counted. Where the lease was lost,
 * another attempt may have taken the record over meanwhile and called this one abandoned: then what became of it is told
 * in its place among the earlier attempts, and the newer one's record stands.
 */
export async function closeRun(store: Firestore, id: string, opened: OpenRun, end: RunEnd): Promise<void> {
  const ref = runs(store).doc(id);
  let fields = endFields(end);
  let lastUpdateTime = opened.writtenAt;
  for (;;) {
    try {
      await ref.update(fields, { lastUpdateTime });
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
      const now = await ref.get();
      if (!now.updateTime) throw error;
      lastUpdateTime = now.updateTime;
      if (now.get('attempt') !== opened.attempt)
        fields = { attempts: settledAmong(now, opened.attempt, end) };
    }
  }
}

function settledAmong(record: DocumentSnapshot, attempt: number, end: RunEnd): object[] {
  const { outcome, counts, error, finishedAt } = end;
  const settled = { outcome, counts: { ...counts }, error, finished_at: Timestamp.fromDate(finishedAt) };
  const attempts = (record.get('attempts') as { attempt: number }[] | undefined) ?? [];
  return attempts.map((one) => (one.attempt === attempt ? { ...one, ...settled } : one));
}

/**
 * Records a delivery that found the task at work, as the occurrence's attempt 1: the retry that takes the record over is
 * its attempt 2. Where the occurrence has a record already, that one stands, and the answer is false.
 */
export async function recordOverlap(
  store: Firestore,
  run: RunIdentity,
  start: RunStart,
  end: RunEnd,
): Promise<boolean> {
  const fields = {
    ...runFields(run, start),
    ...endFields(end),
    attempt: 1,
  };
  try {
    await runs(store).doc(run.id).create(fields);
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}

function endFields(end: RunEnd): Record<string, unknown> {
  return {
    outcome: end.outcome,
    complete: end.complete,
    counts: { ...end.counts },
    skipped: end.skipped,
    failed: end.failed,
    ...(end.notes.length > 0 ? { notes: end.notes } : {}),
    ...(Object.keys(end.tally).length > 0 ? { tally: { ...end.tally } } : {}),
    error: end.error,
    cost: costOf(end.cost),
    ...(end.dispatched ? dispatchedFields(end.dispatched) : finishedFields(end)),
  };
}

const finishedFields = ({ finishedAt, startedAt }: RunEnd) => ({
  finished_at: Timestamp.fromDate(finishedAt),
  duration_ms: finishedAt.getTime() - startedAt.getTime(),
});

/** It is not over: whoever closes it says when it ended. */
const dispatchedFields = (dispatched: NonNullable<RunEnd['dispatched']>) => ({
  dispatched: { ...dispatched, deadline: Timestamp.fromDate(dispatched.deadline) },
});
