import { Redis } from '@upstash/redis';
import type { Config } from '../config.ts';

/** A command that has no answer after this long has failed; Upstash answers in single-digit milliseconds. */
const TIMEOUT_MS = 2_000;

/**
 * The Upstash client of one process. No retries: a retried SET NX or script could apply twice, and callers decide what a
 * failure means. The signal is a function, since a static one would turn a time-out into a miss.
 */
export function openRedis(config: Config): Redis {
  return new Redis({
    url: config.redis.url,
    token: config.redis.token,
    // `retry: false` would try a second time.
    retry: { retries: 0, backoff: () => 0 },
    enableTelemetry: false,
    enableAutoPipelining: false,
    automaticDeserialization: false,
    signal: () => AbortSignal.timeout(TIMEOUT_MS),
  });
}

/** One script, one command, counted. */
export async function evalScript(
  redis: Redis,
  script: string,
  keys: string[],
  args: string[],
): Promise<unknown> {
  return redis.eval(script, keys, args);
}

/** Whether an error says that Redis does not answer, or not as it should: a refusal, a time-out or no connection. */
export function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^Upstash|^TimeoutError$|^AbortError$/.test(error.name) || error.message === 'fetch failed';
}
