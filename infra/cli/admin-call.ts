import type { z } from 'zod';
import type { Target } from './target.ts';

/** More than the console function may take. */
const TIMEOUT_MS = 310_000;

/** Calls the admin API and checks the answer; an error answer is thrown as its own message. */
export async function callAdmin<T>(
  target: Target,
  schema: z.ZodType<T>,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: object,
): Promise<T> {
  const response = await fetch(target.url + path, {
    method,
    headers: { Authorization: target.authorization, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    throw new Error(`${target.url} does not answer: ${cause}`, { cause: error });
  });
  const answer = (await response.json().catch(() => ({}))) as { error?: { message?: string } };
  if (!response.ok) throw new Error(`${response.status}: ${answer.error?.message ?? response.statusText}`);
  return schema.parse(answer);
}
