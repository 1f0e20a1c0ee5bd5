import { HttpError } from './errors.ts';
import { type HttpRequest, header } from './request.ts';

/**
 * Optimistic locking of the admin API: a write that carries `updated_at` or If-Match is refused with 409 where it does not
 * match; without either it is unconditional. `*` matches what exists.
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
  throw new HttpError(409, 'It has been changed meanwhile; read it again and decide anew.', {
    details: { updated_at: current },
  });
}

/** The header that carries a version to the client. */
export function versionHeader(current: string | null): Record<string, string> {
  return current === null ? {} : { ETag: `"${current}"` };
}
