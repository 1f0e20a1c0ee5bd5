import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { costOf, type Usage } from '../doors/cost.ts';
import type { Sums } from './fan-out/sums.ts';
import type { RunIdentity } from './occurrence.ts';
import type { Counts, Dispatched, Note, Outcome } from './task.ts';

/** The ledger keeps a run this long; Firestore's TTL policy on `expires_at` deletes it. */
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
  /** For a dispatched run: its size, the deadline of its batches, and the dispatcher's own sums. */
  dispatched?: Dispatched & { deadline: Date; own: Sums };
}

/** Returns the fields of a run's record at its start. */
export function startFields(run: RunIdentity, start: RunStart): object {
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

/** Returns the fields that an attempt's end changes in the record. */
export function endFields(end: RunEnd): Record<string, unknown> {
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

/** A dispatched run has no end yet: closing it writes `finished_at`. */
const dispatchedFields = (dispatched: NonNullable<RunEnd['dispatched']>) => ({
  dispatched: { ...dispatched, deadline: Timestamp.fromDate(dispatched.deadline) },
});

/** Returns the attempts of a record with its newest one added; one that never finished was killed. */
export function withNewestAttempt(record: DocumentSnapshot): object[] {
  const newest = {
    attempt: record.get('attempt'),
    started_at: record.get('started_at'),
    finished_at: record.get('finished_at') ?? null,
    outcome: record.get('outcome') ?? 'abandoned',
    counts: record.get('counts') ?? null,
    error: record.get('error') ?? null,
  };
  return [...((record.get('attempts') as object[] | undefined) ?? []), newest];
}

/** Returns the attempts of a record with the end of an earlier one filled in. */
export function withAttemptEnd(record: DocumentSnapshot, attempt: number, end: RunEnd): object[] {
  const { outcome, counts, error, finishedAt } = end;
  const settled = { outcome, counts: { ...counts }, error, finished_at: Timestamp.fromDate(finishedAt) };
  const attempts = (record.get('attempts') as { attempt: number }[] | undefined) ?? [];
  return attempts.map((one) => (one.attempt === attempt ? { ...one, ...settled } : one));
}
