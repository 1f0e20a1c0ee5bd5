/** How Cloud Scheduler repeats a failed attempt, in seconds. */
export interface RetryPolicy {
  count: number;
  min_backoff: number;
  max_backoff: number;
  max_doublings: number;
  max_duration: number;
}

/** The waits before each retry: doubled `max_doublings` times, then rising by even steps, never above the maximum. */
export function backoffs(retry: RetryPolicy): number[] {
  const step = retry.min_backoff * 2 ** retry.max_doublings;
  return Array.from({ length: retry.count }, (_, n) => {
    const wait = n <= retry.max_doublings ? retry.min_backoff * 2 ** n : step * (n - retry.max_doublings + 1);
    return Math.min(wait, retry.max_backoff);
  });
}

/** The sum of the waits between the first attempt and the last. */
export function retrySpan(retry: RetryPolicy): number {
  return backoffs(retry).reduce((sum, wait) => sum + wait, 0);
}

/** The latest moment after the occurrence at which the last attempt is given up. Both limits have to be reached. */
export function retriesEnd(retry: RetryPolicy, attemptDeadline: number): number {
  const byCount = retrySpan(retry) + (retry.count + 1) * attemptDeadline;
  const byDuration = retry.max_duration > 0 ? retry.max_duration + retry.max_backoff + attemptDeadline : 0;
  return Math.max(byCount, byDuration);
}
