import type { Caller } from '../doors/auth/caller.ts';
import { type HttpRequest, header } from '../doors/http/request.ts';

/** The console's header that names the requester. */
export const REQUESTED_BY = 'x-ronde-requested-by';

/** Long enough for any e-mail or subject (OpenID Connect Core 2: at most 255 ASCII characters). */
const MAX_LENGTH = 255;

/**
 * Returns the requester of a run, as its record keeps it. Only a service may name another requester. Returns null for a
 * secret.
 */
export function requesterOf(request: HttpRequest, caller: Caller): string | null {
  const said = caller.kind === 'service' ? header(request, REQUESTED_BY) : undefined;
  const isLegal = said !== undefined && said.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(said);
  return isLegal ? decode(said) : caller.id;
}

/** Returns a subject as a header's value, percent-encoded so that any character is legal. */
export const requesterHeader = (id: string): string => encodeURIComponent(id);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
