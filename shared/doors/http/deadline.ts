import { isStoreError } from '../store/firestore.ts';
import { TooLate, within } from '../time/within.ts';
import { HttpError } from './errors.ts';

/** When to come again after a store did not answer, in seconds, where nothing else is said. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Returns what the work returns. Throws 503 if Firestore refuses it or takes longer than `ms` of real time: a store that
 * hangs must not hang the caller. The work itself cannot be called back and goes on.
 */
export async function answerWithin<T>(
  ms: number,
  work: Promise<T>,
  message = 'The store does not answer now; try again.',
  retryAfterSeconds = RETRY_AFTER_SECONDS,
): Promise<T> {
  return within(ms, 'Firestore', work).catch((error: unknown) => {
    if (!(error instanceof TooLate) && !isStoreError(error)) throw error;
    const headers = { 'Retry-After': String(retryAfterSeconds) };
    throw new HttpError(503, message, { headers, check: String(error) });
  });
}
