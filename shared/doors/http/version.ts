import { HttpError } from './errors.ts';
import { type HttpRequest, header } from './request.ts';

/**
 * Optimistic locking of the admin API. Throws 409 if the write's `updated_at` or If-Match does not match the current version;
 * a write without either is unconditional. `*` matches any existing document.
 */
export function requireVersion(
  request: HttpRequest,
  carried: string | null | undefined,
  current: string | null,
): void {
  const ifMatch = header(request, 'if-match');
  const wanted = ifMatch?.split(',').map((tag) => tag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1'));
  const byHeader = !wanted || wanted.some((tag) => tag === current || (tag === '*' && current !== null));
  const byBody = carried === undefined || carried === current;
  if (byHeader && byBody) return;
  throw new HttpError(409, 'Someone changed this since you read it; reload and retry.', {
    details: { updated_at: current },
  });
}

/** Returns the header with a document's version. */
export function versionHeader(current: string | null): Record<string, string> {
  return current === null ? {} : { ETag: `"${current}"` };
}
