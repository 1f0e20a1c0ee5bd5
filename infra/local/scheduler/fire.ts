import { deliver, type FireDeps, shortId } from './deliver.ts';
import type { Job } from './jobs.ts';
import { nextOccurrence, seconds, timestamp } from './rules.ts';

/** One scheduled execution: its first attempt and the retries, all of the same occurrence. */
interface Execution {
  occurrence: Date;
  attempts: number;
  startedAt: Date;
  /** Null while an attempt is under way. */
  retryAt: Date | null;
}

/** A job with what the scheduler remembers about it. */
export interface Entry {
  job: Job;
  execution: Execution | null;
  /** Attempts under way, forced ones too. */
  running: number;
}

/**
 * Starts what is due at `now`: a waiting retry, or the next occurrence. An occurrence that comes while an execution is
 * outstanding waits for its end; of several missed ones the earliest runs, late, and the others are dropped.
 * Resolves when the attempt has ended; null when nothing was due.
 */
export function startDue(entry: Entry, now: Date, deps: FireDeps): Promise<void> | null {
  const { job } = entry;
  if (job.state !== 'ENABLED' || entry.running > 0) return null;
  if (job.scheduleTime && new Date(job.scheduleTime) <= now) {
    const occurrence = new Date(job.scheduleTime);
    entry.execution = { occurrence, attempts: 0, startedAt: now, retryAt: null };
    setNext(job, now);
    return attemptScheduled(entry, entry.execution, deps);
  }
  const execution = entry.execution;
  if (!execution?.retryAt || execution.retryAt > now) return null;
  execution.retryAt = null;
  return attemptScheduled(entry, execution, deps);
}

/** Sets scheduleTime to the first occurrence after this instant. */
export function setNext(job: Job, after: Date): void {
  const next = nextOccurrence(job.schedule, job.timeZone, after);
  job.scheduleTime = next ? timestamp(next) : undefined;
}

/** A forced run: at once, even beside a running attempt, carrying the next occurrence. It is not retried. */
export async function fireForced(entry: Entry, deps: FireDeps): Promise<void> {
  const { schedule, timeZone } = entry.job;
  const now = deps.clock();
  await attempt(entry, nextOccurrence(schedule, timeZone, now) ?? now, 'forced', deps);
}

async function attemptScheduled(entry: Entry, execution: Execution, deps: FireDeps): Promise<void> {
  execution.attempts += 1;
  const code = await attempt(entry, execution.occurrence, `attempt ${execution.attempts}`, deps);
  if (entry.execution !== execution) return;
  const retryAt = code === 0 ? null : retryInstant(entry.job, execution, deps.clock());
  if (retryAt) execution.retryAt = retryAt;
  else entry.execution = null;
}

/** When to try again, or null: all retries spent, or the next occurrence comes first. */
function retryInstant(job: Job, execution: Execution, now: Date): Date | null {
  const retries = job.retryConfig?.retryCount ?? 0;
  if (retries === 0) return null;
  const limit = seconds(job.retryConfig?.maxRetryDuration) * 1000;
  const withinTime = limit > 0 && now.getTime() - execution.startedAt.getTime() < limit;
  if (execution.attempts > retries && !withinTime) return null;
  const at = new Date(now.getTime() + backoffSeconds(job, execution.attempts) * 1000);
  return job.scheduleTime && new Date(job.scheduleTime) <= at ? null : at;
}

/** Doubles maxDoublings times, then grows by the last step, up to the maximum. `retry` counts from 1. */
function backoffSeconds(job: Job, retry: number): number {
  const min = seconds(job.retryConfig?.minBackoffDuration ?? '5s');
  const max = seconds(job.retryConfig?.maxBackoffDuration ?? '3600s');
  const doublings = job.retryConfig?.maxDoublings ?? 5;
  const step = min * 2 ** Math.min(retry - 1, doublings);
  return Math.min(max, step * Math.max(1, retry - doublings));
}

async function attempt(entry: Entry, occurrence: Date, label: string, deps: FireDeps): Promise<number> {
  entry.running += 1;
  entry.job.lastAttemptTime = timestamp(deps.clock());
  const { code, detail } = await deliver(entry.job, occurrence, deps);
  entry.running -= 1;
  entry.job.status = code === 0 ? {} : { code };
  deps.log(`${shortId(entry.job)} ${timestamp(occurrence)} ${label}: ${detail}`);
  return code;
}
