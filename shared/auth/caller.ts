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
