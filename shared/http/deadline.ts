import { HttpError } from './errors.ts';

/** When to come again after a store did not answer, in seconds. */
const RETRY_AFTER_SECONDS = 10;

/**
 * What the work answers, or 503 when it takes longer than `ms` of real time: a store that hangs must not hang the caller.
 * The work itself cannot be called back and goes on.
 */
export async function within<T>(
  ms: number,
  work: Promise<T>,
  message: string,
  retryAfter?: number,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const headers = { 'Retry-After': String(retryAfter ?? RETRY_AFTER_SECONDS) };
    reject(new HttpError(503, message, { headers, check: `no answer from the stores within ${ms} ms` }));
  }, ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
