import { occurrencesBetween } from '../../doors/time/occurrences.ts';
import type { WatchedJob } from './job.ts';
import { isGood, isHandedOn, isOpen, type SeenRun } from './run.ts';

/** A caller's clock may be so much fast: its run still belongs to the occurrence it was started for. */
const EARLY_MS = 30_000;
/** Of one task at most so many occurrences are looked at together, the newest. */
const MAX_OCCURRENCES = 1_500;

/** A span of occurrences: after one instant, and not after another. */
export interface Span {
  after: Date;
  until: Date;
}

/**
 * The occurrences of a span that a task should have run for. Those whose grace has not ended are not among them if the
 * span's end lies the grace before now.
 */
export function occurrencesIn(job: WatchedJob, { after, until }: Span): Date[] {
  const earliest = until.getTime() - job.period_seconds * 1000 * MAX_OCCURRENCES;
  return occurrencesBetween(job, new Date(Math.max(after.getTime(), earliest)), until);
}

/** From which instant on the runs have to be known to judge an occurrence. */
export const runsFrom = (occurrence: Date): Date => new Date(occurrence.getTime() - EARLY_MS);

/** The occurrences that nothing ran for. */
export function missedOf(occurrences: readonly Date[], job: WatchedJob, runs: readonly SeenRun[]): Date[] {
  return occurrences.filter((occurrence) => !runs.some((run) => isRoundOf(run, occurrence, job)));
}

/**
 * Whether a run is the round of an occurrence: it was sent for it, however late it began; or it is the run of a caller
 * without occurrences (a web cron, a crontab, a person) and began within the grace. On the day that the clocks change,
 * Scheduler's own occurrence may be another than ours, within the grace as well. A delivery that only found another run at
 * work is a round where it was sent for one.
 */
function isRoundOf(run: SeenRun, occurrence: Date, job: WatchedJob): boolean {
  const from = occurrence.getTime() - EARLY_MS;
  const until = occurrence.getTime() + job.grace_seconds * 1000;
  const at = run.occurrence ?? run.startedAt;
  return at >= from && at <= until && (run.occurrence !== null || run.outcome !== 'skipped_overlap');
}

/** Whether the rounds go on after a missed one: a scheduled run has begun since, or any other has ended well. */
export function goesOn(firstMissed: Date, runs: readonly SeenRun[]): boolean {
  const at = firstMissed.getTime();
  return runs.some((run) =>
    run.occurrence === null
      ? isGood(run) && run.startedAt >= at - EARLY_MS
      : run.occurrence >= at && (isGood(run) || isOpen(run) || isHandedOn(run) || run.outcome === 'failed'),
  );
}
