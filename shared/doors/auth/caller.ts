/** The origin of a request after its proof was checked. `id` is an e-mail, a user id, or null for a secret. */
export interface Caller {
  kind: 'scheduler' | 'service' | 'operator' | 'secret' | 'admin' | 'user' | 'local';
  id: string | null;
  /** All claims of the token; empty for a secret. */
  claims: Record<string, unknown>;
}

/** The callers that may run a task. */
export const TASK_CALLERS = ['scheduler', 'service', 'operator', 'secret', 'admin', 'local'] as const;

/** The callers that are signed in to the product. */
export const USER_CALLERS = ['user', 'admin'] as const;

/** The callers of the admin API: the product's administrators and its operators. */
export const ADMIN_CALLERS = ['admin', 'operator'] as const;

/** The claims that name a session, best first; `none` if a token has none of them. */
const SESSION_CLAIMS = ['sid', 'origin_jti', 'auth_time', 'iat'] as const;
export type SessionClaim = (typeof SESSION_CLAIMS)[number] | 'none';

/** The session of a token. */
export interface TokenSession {
  /** The claim that names it. Only `iat` and `none` change with each refreshed token. */
  claim: SessionClaim;
  /** The claim with its value, such as `sid:1f0c`, so that two claims never collide. */
  name: string;
}

/**
 * Returns the session of a token. It is the first of these claims:
 * - `sid` (OpenID Connect Back-Channel Logout 1.0);
 * - `origin_jti` (Amazon Cognito, the same for all tokens of a sign-in);
 * - `auth_time` (OpenID Connect Core 1.0: the instant of the sign-in);
 * - `iat` (RFC 7519). A refreshed token has another one, and another `jti`, so neither names a sign-in.
 */
export function sessionOf({ claims }: Caller): TokenSession {
  const claim = SESSION_CLAIMS.find((name) => isName(claims[name])) ?? 'none';
  return { claim, name: claim === 'none' ? claim : `${claim}:${String(claims[claim])}` };
}

const isName = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && value !== '');
