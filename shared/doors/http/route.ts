import { HttpError } from './errors.ts';

/** Refuses any method that the route does not have: 405 with the ones it has. */
export function requireMethod(method: string, allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  throw new HttpError(405, `${method} is not answered here; use ${allowed.join(' or ')}.`, {
    headers: { Allow: allowed.join(', ') },
  });
}
