import type { Caller } from '../doors/auth/caller.ts';
import { type HttpRequest, header } from '../doors/http/request.ts';

/** The header in which the console says for whom it calls. */
export const REQUESTED_BY = 'x-ronde-requested-by';

/** Long enough for any e-mail or subject (OpenID Connect Core 2: at most 255 ASCII characters). */
const MAX_LENGTH = 255;

/**
 * Who asked for a run, as its record keeps it. A service of our own says for whom it calls; nobody else is believed.
 * Null for a secret, which is nobody.
 */
export function requesterOf(request: HttpRequest, caller: Caller): string | null {
  const said = caller.kind === 'service' ? header(request, REQUESTED_BY) : undefined;
  const known = said !== undefined && said.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(said);
  return known ? decoded(said) : caller.id;
}

/** A subject as a header's value: percent-encoded, so that any characters may be in it. */
export const requesterHeader = (id: string): string => encodeURIComponent(id);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
