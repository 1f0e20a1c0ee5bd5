import { Redis } from '@upstash/redis';
import type { Config } from '../config.ts';

/** A command without an answer after this long has failed; Upstash answers in single-digit milliseconds. */
const TIMEOUT_MS = 2_000;

/**
 * Opens the Upstash client of a process. It never retries: a retried SET NX or script could apply twice. The signal is a
 * function, since a static one would turn a time-out into a miss.
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

/** Runs a script, which counts as one command. */
export async function evalScript(
  redis: Redis,
  script: string,
  keys: string[],
  args: string[],
): Promise<unknown> {
  return redis.eval(script, keys, args);
}

/** Returns true if an error comes from Redis: a refusal, a time-out or no connection. */
export function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^Upstash|^TimeoutError$|^AbortError$/.test(error.name) || error.message === 'fetch failed';
}
