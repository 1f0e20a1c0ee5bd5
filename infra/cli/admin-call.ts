import type { z } from 'zod';
import type { Target } from './target.ts';

/** Longer than the timeout of the function console. */
const TIMEOUT_MS = 310_000;

export interface AdminRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  body?: object;
}

/** Calls the admin API and parses the answer. Throws the message of an error answer. */
export async function callAdmin<T>(
  target: Target,
  schema: z.ZodType<T>,
  { method, path, body }: AdminRequest,
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
