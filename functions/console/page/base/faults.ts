import { ApiError } from './api.ts';
import type { Texts } from './en.ts';

/** An error in words of the language. */
export function faultText(error: unknown, { error: words }: Texts): string {
  const status = error instanceof ApiError ? error.status : -1;
  if (status === 0) return words.offline;
  if (status === 400) return words.invalid;
  if (status === 401) return words.signedOut;
  if (status === 403) return words.forbidden;
  if (status === 404 || status === 405) return words.notHere;
  if (status === 409) return words.conflict;
  return status === 503 ? words.unavailable : words.other;
}
