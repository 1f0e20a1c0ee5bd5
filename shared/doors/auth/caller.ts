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

/**
 * Returns the session of a token: its `sid` (OpenID Connect Back-Channel Logout 1.0), else its `jti`, else its `iat`
 * (RFC 7519). The claim's name is part of the result, so that two kinds never collide.
 */
export function sessionOf({ claims }: Caller): string {
  const name = ['sid', 'jti', 'iat'].find((claim) => ['string', 'number'].includes(typeof claims[claim]));
  return name === undefined ? 'none' : `${name}:${String(claims[name])}`;
}
