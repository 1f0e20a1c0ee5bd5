import { isStoreError } from '../store/firestore.ts';
import { TooLate, within } from '../time/within.ts';
import { HttpError } from './errors.ts';

/** The default Retry-After of a store that did not answer. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Returns the result of the work. Throws 503 if Firestore refuses it or takes longer than `ms` of real time, so that a
 * hanging store does not hang the caller. The work itself cannot be cancelled and continues.
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
