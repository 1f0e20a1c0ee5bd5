/** Who a request comes from, once its proof has been checked. `id` is an e-mail, a user id, or null for a secret. */
export interface Caller {
  kind: 'scheduler' | 'service' | 'operator' | 'secret' | 'admin' | 'user' | 'local';
  id: string | null;
  /** All claims of the token; empty for a secret. */
  claims: Record<string, unknown>;
}

/** The callers that may run a task. */
export const TASK_CALLERS = ['scheduler', 'service', 'operator', 'secret', 'admin', 'local'] as const;

/** The callers that are somebody signed in to the product. */
export const USER_CALLERS = ['user', 'admin'] as const;

/** The callers of the admin API: administrators of the product, and whoever operates it. */
export const ADMIN_CALLERS = ['admin', 'operator'] as const;

/**
 * Which of its user's sessions a token belongs to: its `sid` (OpenID Connect Back-Channel Logout 1.0), else its `jti`,
 * else its `iat` (RFC 7519). The name of the claim is part of the answer, so that no two kinds can meet.
 */
export function sessionOf({ claims }: Caller): string {
  const name = ['sid', 'jti', 'iat'].find((claim) => ['string', 'number'].includes(typeof claims[claim]));
  return name === undefined ? 'none' : `${name}:${String(claims[name])}`;
}
