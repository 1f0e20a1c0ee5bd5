import { occurrencesBetween } from '../../doors/time/occurrences.ts';
import type { WatchedJob } from './job.ts';
import { isDispatched, isGood, isOpen, type SeenRun } from './run.ts';

/** A caller's clock may be fast by this much; its run still belongs to the occurrence. */
const EARLY_MS = 30_000;
/** At most this many occurrences of a task are checked in one run, the newest. */
const MAX_OCCURRENCES = 1_500;

/** A span of occurrences: later than `after`, and not later than `until`. */
export interface Span {
  after: Date;
  until: Date;
}

/**
 * Returns the occurrences of a span that a task should have run for. To leave out those in their grace, end the span that
 * much before now.
 */
export function occurrencesIn(job: WatchedJob, { after, until }: Span): Date[] {
  const earliest = until.getTime() - job.period_seconds * 1000 * MAX_OCCURRENCES;
  return occurrencesBetween(job, new Date(Math.max(after.getTime(), earliest)), until);
}

/** Returns the instant from which all runs are needed to judge an occurrence. */
export const runsFrom = (occurrence: Date): Date => new Date(occurrence.getTime() - EARLY_MS);

/** Returns the occurrences without a run. */
export function missedOf(occurrences: readonly Date[], job: WatchedJob, runs: readonly SeenRun[]): Date[] {
  return occurrences.filter((occurrence) => !runs.some((run) => isRunOf(run, occurrence, job)));
}

/**
 * Returns true if a run belongs to an occurrence:
 * - it was sent for it, however late it began (when the clocks change, Scheduler's occurrence may differ within the grace);
 * - or its caller knows no occurrences (a web cron, a crontab, a person), and it began within the grace.
 * A `skipped_overlap` counts only if it was sent for an occurrence.
 */
function isRunOf(run: SeenRun, occurrence: Date, job: WatchedJob): boolean {
  const from = occurrence.getTime() - EARLY_MS;
  const until = occurrence.getTime() + job.grace_seconds * 1000;
  const at = run.occurrence ?? run.startedAt;
  return at >= from && at <= until && (run.occurrence !== null || run.outcome !== 'skipped_overlap');
}

/** Returns true if the task runs again after a missed occurrence: a scheduled run began, or another one ended well. */
export function goesOn(firstMissed: Date, runs: readonly SeenRun[]): boolean {
  const at = firstMissed.getTime();
  return runs.some((run) =>
    run.occurrence === null
      ? isGood(run) && run.startedAt >= at - EARLY_MS
      : run.occurrence >= at && (isGood(run) || isOpen(run) || isDispatched(run) || run.outcome === 'failed'),
  );
}
