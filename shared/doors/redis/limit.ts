import type { Redis } from '@upstash/redis';
import { evalScript, isRedisAway } from './redis.ts';

const MINUTE_MS = 60_000;

/** A user's bucket is empty. */
export class TooOften extends Error {
  /** The time until the next token. */
  readonly waitMs: number;
  constructor(waitMs: number) {
    super(`the bucket is empty for ${waitMs} ms`);
    this.name = 'TooOften';
    this.waitMs = waitMs;
  }
}

/**
 * A Lua function for scripts, `spend(key, now, perMinute)`: takes a token from a bucket that holds a minute's tokens and
 * refills evenly. It returns 0, or the milliseconds until the next token.
 *
 * The key holds the instant at which the bucket is full again (the generic cell rate algorithm). An instant that lies too
 * far ahead is from a clock that went back, and is forgotten.
 */
export const SPEND = `
local function spend(key, now, perMinute)
  local full = tonumber(redis.call('GET', key) or '0')
  if full < now or full > now + ${2 * MINUTE_MS} then full = now end
  full = full + ${MINUTE_MS} / perMinute
  if full > now + ${MINUTE_MS} then return math.ceil(full - now - ${MINUTE_MS}) end
  redis.call('SET', key, string.format('%.0f', full), 'PX', ${MINUTE_MS})
  return 0
end`;

const TAKE = `${SPEND}
return spend(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))`;

/** Takes a token of a bucket, in one command. Throws TooOften if it is empty. Without Redis it refuses nobody. */
export async function requireToken(redis: Redis, key: string, perMinute: number, now: number): Promise<void> {
  const taken = evalScript(redis, TAKE, [key], [String(now), String(perMinute)]);
  const waitMs = await taken.then(Number, (error: unknown) => {
    if (isRedisAway(error)) return 0;
    throw error;
  });
  if (waitMs > 0) throw new TooOften(waitMs);
}
