import { HttpError } from '../http/errors.ts';
import { type HttpRequest, header, location } from '../http/request.ts';
import type { Caller } from './caller.ts';
import { checkQuerySecret, checkSecret, isSecret } from './secret.ts';
import { checkToken, looksLikeToken, type TokenDeps } from './token.ts';

const NO_PROOF = 'Proof is missing; send Authorization: Bearer TOKEN, or X-Cron-Secret for a task.';

/**
 * Identifies the caller of a function and checks that its kind is allowed. Functions are publicly invokable, so every
 * request needs a proof. Throws HttpError 401, 403 or 503 before anything is read or written.
 *
 * A cron secret is a proof only if 'secret' is among the allowed kinds.
 */
export async function authenticate(
  request: HttpRequest,
  deps: TokenDeps,
  allowed: readonly Caller['kind'][],
): Promise<Caller> {
  const caller = await identify(request, deps, allowed.includes('secret'));
  if (!allowed.includes(caller.kind)) {
    throw new HttpError(403, refusal(caller, allowed), {
      check: `a caller of kind ${caller.kind} may not call this`,
    });
  }
  return caller;
}

/** Explains why a valid proof is not enough here, and which caller may call. */
function refusal({ kind }: Caller, allowed: readonly Caller['kind'][]): string {
  if (kind === 'user' && allowed.includes('admin'))
    return 'This account has no admin role, which this needs; sign in as an administrator.';
  return `A caller of kind ${kind} may not call this; it is open to: ${allowed.join(', ')}.`;
}

async function identify(request: HttpRequest, deps: TokenDeps, secrets: boolean): Promise<Caller> {
  const cronSecret = header(request, 'x-cron-secret');
  if (secrets && cronSecret !== undefined) return checkSecret(cronSecret, deps.config, 'X-Cron-Secret');
  const authorization = header(request, 'authorization');
  if (authorization !== undefined) return bearer(authorization, deps, secrets);
  const inQuery = location(request).query.getAll('secret');
  if (secrets && inQuery.length > 0) return checkQuerySecret(inQuery, deps.config);
  if (secrets && isOpenLocally(request, deps)) return { kind: 'local', id: null, claims: {} };
  if (cronSecret !== undefined && isSecret(cronSecret, deps.config))
    throw new HttpError(403, 'A cron secret may not call this; send Authorization: Bearer TOKEN.', {
      check: 'X-Cron-Secret: a secret may not call this',
    });
  throw new HttpError(401, NO_PROOF, { check: 'no proof' });
}

function bearer(authorization: string, deps: TokenDeps, secrets: boolean): Promise<Caller> | Caller {
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (!token) throw new HttpError(401, NO_PROOF, { check: 'Authorization is not of the form Bearer TOKEN' });
  // A secret may look like a token: three parts with dots between them.
  if (looksLikeToken(token) && !(secrets && isSecret(token, deps.config))) return checkToken(token, deps);
  if (secrets) return checkSecret(token, deps.config, 'bearer');
  if (isSecret(token, deps.config))
    throw new HttpError(403, 'A cron secret may not call this; send a token of a user.', {
      check: 'bearer: a secret may not call this',
    });
  throw new HttpError(401, 'The token is not valid here; get a new one.', {
    check: 'bearer: the token is malformed',
  });
}

/** Returns true if a task needs no proof: in the local cloud without CRON_SECRET, for callers on this machine. */
function isOpenLocally(request: HttpRequest, deps: TokenDeps): boolean {
  const { config } = deps;
  const peer = request.socket.remoteAddress ?? '';
  const loopback = /^(::ffff:)?127\.|^::1$/.test(peer) && header(request, 'x-forwarded-for') === undefined;
  return config.local && config.cronSecrets.length === 0 && loopback;
}
