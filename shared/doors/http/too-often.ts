import { TooOften } from '../redis/limit.ts';
import { HttpError } from './errors.ts';

/** Returns the result of the work. Throws 429 with Retry-After if the user's bucket is empty. */
export async function refuseTooOften<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (!(error instanceof TooOften)) throw error;
    const seconds = Math.ceil(error.waitMs / 1_000);
    throw new HttpError(429, `This account sends too much; send this again in ${seconds} s.`, {
      headers: { 'Retry-After': String(seconds) },
      check: 'too many requests of one user',
    });
  });
}
