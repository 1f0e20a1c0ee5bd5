import { deliver, type FireDeps, shortId } from './deliver.ts';
import type { Job } from './jobs.ts';
import { nextOccurrence, seconds, timestamp } from './rules.ts';

/** One scheduled execution: its first attempt and its retries, all for the same occurrence. */
interface Execution {
  occurrence: Date;
  attempts: number;
  startedAt: Date;
  /** Null while an attempt is in progress. */
  retryAt: Date | null;
}

/** A job with its state. */
export interface JobEntry {
  job: Job;
  execution: Execution | null;
  /** Attempts in progress, including forced ones. */
  running: number;
}

/**
 * Starts what is due at `now`: a waiting retry or the next occurrence. An occurrence waits while an execution is
 * outstanding.
 * If it missed several occurrences, it runs the earliest one late and drops the others. Resolves when the attempt has
 * ended. Returns null if nothing was due.
 */
export function startDue(entry: JobEntry, now: Date, deps: FireDeps): Promise<void> | null {
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

/** Makes a forced run at once, even beside a running attempt. It carries the next occurrence and is never retried. */
export async function fireForced(entry: JobEntry, deps: FireDeps): Promise<void> {
  const { schedule, timeZone } = entry.job;
  const now = deps.clock();
  await attempt(entry, nextOccurrence(schedule, timeZone, now) ?? now, 'forced', deps);
}

async function attemptScheduled(entry: JobEntry, execution: Execution, deps: FireDeps): Promise<void> {
  execution.attempts += 1;
  const code = await attempt(entry, execution.occurrence, `attempt ${execution.attempts}`, deps);
  if (entry.execution !== execution) return;
  const retryAt = code === 0 ? null : retryInstant(entry.job, execution, deps.clock());
  if (retryAt) execution.retryAt = retryAt;
  else entry.execution = null;
}

/**
 * Returns the time of the next attempt. Returns null if the retries are used up or the next occurrence comes first.
 */
function retryInstant(job: Job, execution: Execution, now: Date): Date | null {
  const retries = job.retryConfig?.retryCount ?? 0;
  if (retries === 0) return null;
  const limit = seconds(job.retryConfig?.maxRetryDuration) * 1000;
  const withinTime = limit > 0 && now.getTime() - execution.startedAt.getTime() < limit;
  if (execution.attempts > retries && !withinTime) return null;
  const at = new Date(now.getTime() + backoffSeconds(job, execution.attempts) * 1000);
  return job.scheduleTime && new Date(job.scheduleTime) <= at ? null : at;
}

/**
 * Returns the wait before a retry, counted from 1: it doubles maxDoublings times, then grows by the last step up to
 * the maximum.
 */
function backoffSeconds(job: Job, retry: number): number {
  const min = seconds(job.retryConfig?.minBackoffDuration ?? '5s');
  const max = seconds(job.retryConfig?.maxBackoffDuration ?? '3600s');
  const doublings = job.retryConfig?.maxDoublings ?? 5;
  const step = min * 2 ** Math.min(retry - 1, doublings);
  return Math.min(max, step * Math.max(1, retry - doublings));
}

async function attempt(entry: JobEntry, occurrence: Date, label: string, deps: FireDeps): Promise<number> {
  entry.running += 1;
  entry.job.lastAttemptTime = timestamp(deps.clock());
  const { code, detail } = await deliver(entry.job, occurrence, deps);
  entry.running -= 1;
  entry.job.status = code === 0 ? {} : { code };
  deps.log(`${shortId(entry.job)} ${timestamp(occurrence)} ${label}: ${detail}`);
  return code;
}
