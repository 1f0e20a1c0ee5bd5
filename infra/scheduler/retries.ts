/** Cloud Scheduler's retries of a failed attempt; times are in seconds. */
export interface RetryPolicy {
  count: number;
  min_backoff: number;
  max_backoff: number;
  max_doublings: number;
  max_duration: number;
}

/** Returns the wait before each retry: doubled `max_doublings` times, then rising linearly up to the maximum. */
export function listBackoffs(retry: RetryPolicy): number[] {
  const step = retry.min_backoff * 2 ** retry.max_doublings;
  return Array.from({ length: retry.count }, (_, n) => {
    const wait = n <= retry.max_doublings ? retry.min_backoff * 2 ** n : step * (n - retry.max_doublings + 1);
    return Math.min(wait, retry.max_backoff);
  });
}

/** Returns the sum of the waits between the first attempt and the last. */
function sumBackoffs(retry: RetryPolicy): number {
  return listBackoffs(retry).reduce((sum, wait) => sum + wait, 0);
}

/** Returns the latest end of the last attempt after the occurrence. Retries end once both limits are reached. */
export function findRetriesEnd(retry: RetryPolicy, attemptDeadline: number): number {
  const byCount = sumBackoffs(retry) + (retry.count + 1) * attemptDeadline;
  const byDuration = retry.max_duration > 0 ? retry.max_duration + retry.max_backoff + attemptDeadline : 0;
  return Math.max(byCount, byDuration);
}
