import type { Redis } from '@upstash/redis';
import { TooOften } from '../../doors/redis/limit.ts';
import { evalScript } from '../../doors/redis/redis.ts';
import { FORGET, LOGOUT, LOGOUT_ALL, MARK, PING, PUT_BACK } from './activity-scripts.ts';
import { MAX_THRESHOLD_MINUTES } from './limits.ts';

/** A ping is kept longer than the largest threshold, so a missing key always means an older ping. */
const ACTIVITY_TTL_MS = (MAX_THRESHOLD_MINUTES + 60) * 60_000;
/** After this, Firestore must confirm again that a session is not logged out. */
export const VERIFIED_MS = 5 * 60_000;
/** Keys of one MGET. */
const MGET_KEYS = 1_000;

const PREFIX = 'last_activity:';
/** The key of a user's last sign of life, in epoch milliseconds. */
const activityKey = (userId: string) => PREFIX + userId;
/**
 * The key of a hash with one field per session, `live:VERIFIED:LAST` or `out:WHEN` (epoch milliseconds). Field `*` is
 * `before:WHEN`: tokens issued earlier are logged out.
 */
const sessionsKey = (userId: string) => `presence:sessions:${userId}`;

/** The key of the bucket of a user's pings and logins. */
export const pingsKey = (userId: string) => `presence:limit:${userId}`;

/** One session of one user. */
export interface SessionRef {
  userId: string;
  /** The session's key, see sessionKey. */
  session: string;
  /** The issue of the token in epoch seconds; null or absent if unknown. */
  issuedAt?: number | null;
  /** The pings that the user may send in a minute; absent for no limit. */
  perMinute?: number;
}

/** The caller's knowledge that the session is not logged out. */
export type Knowledge = 'as_known' | 'verified' | 'unverified' | 'login';

/**
 * Records a sign of life in one Redis command. Returns the previous one in epoch milliseconds, or null.
 * Writes nothing and returns 'out' if the session was logged out, or 'unknown' if Redis has nothing recent about it.
 * Throws TooOften if the user's pings of this minute are used up.
 */
export async function recordActivity(
  redis: Redis,
  { userId, session, issuedAt, perMinute = 0 }: SessionRef,
  now: number,
  knowledge: Knowledge,
): Promise<'out' | 'unknown' | number | null> {
  const keys = [activityKey(userId), sessionsKey(userId), pingsKey(userId)];
  const issued = String((issuedAt ?? 0) * 1000);
  const times = [String(now), String(ACTIVITY_TTL_MS)];
  const args = [session, ...times, knowledge, String(VERIFIED_MS), issued, String(perMinute)];
  const answer = String(await evalScript(redis, PING, keys, args));
  if (answer.startsWith('often:')) throw new TooOften(Number(answer.slice('often:'.length)));
  if (answer === 'out' || answer === 'unknown') return answer;
  return toMillis(answer);
}

/** A session with its last sign of life in epoch milliseconds. */
export interface LiveSession {
  session: string;
  activity: number;
}

/** Ends a session and deletes the user's activity. Returns the user's other live sessions. */
export async function endActivity(
  redis: Redis,
  { userId, session }: SessionRef,
  now: number,
): Promise<LiveSession[]> {
  const keys = [activityKey(userId), sessionsKey(userId)];
  const args = [session, String(now), String(ACTIVITY_TTL_MS)];
  const pairs = (await evalScript(redis, LOGOUT, keys, args)) as unknown[];
  return Array.from({ length: pairs.length / 2 }, (_, index) => ({
    session: String(pairs[2 * index]),
    activity: toMillis(pairs[2 * index + 1]) ?? 0,
  }));
}

/** Ends a session and all sessions of tokens issued before an instant (epoch milliseconds), and deletes the activity. */
export async function endAllActivity(
  redis: Redis,
  { userId, session }: SessionRef,
  now: number,
  issuedBefore: number,
): Promise<void> {
  const args = [session, String(now), String(ACTIVITY_TTL_MS), String(issuedBefore)];
  await evalScript(redis, LOGOUT_ALL, [activityKey(userId), sessionsKey(userId)], args);
}

/** Marks a session as logged out, and removes an activity that it may have written since. */
export async function markLoggedOut(
  redis: Redis,
  { userId, session }: SessionRef,
  now: number,
): Promise<void> {
  const args = [session, String(now), String(ACTIVITY_TTL_MS)];
  await evalScript(redis, MARK, [activityKey(userId), sessionsKey(userId)], args);
}

/**
 * Deletes the activity of users whose last sign of life is before an instant, in one command. Returns for each user the
 * newer activity that stays (epoch milliseconds), or null.
 */
export async function forgetActivity(
  redis: Redis,
  userIds: readonly string[],
  before: number,
): Promise<(number | null)[]> {
  if (userIds.length === 0) return [];
  const left = await evalScript(redis, FORGET, userIds.map(activityKey), [String(before)]);
  return (left as unknown[]).map(toMillis);
}

/** Restores an earlier activity for the rest of its time. Returns false if it is over, or another one is as new. */
export async function putBackActivity(
  redis: Redis,
  userId: string,
  activity: number,
  now: number,
): Promise<boolean> {
  const left = activity + ACTIVITY_TTL_MS - now;
  if (left <= 0) return false;
  const args = [String(activity), String(left)];
  return Number(await evalScript(redis, PUT_BACK, [activityKey(userId)], args)) === 1;
}

/** Reads the activity of many users, in order, null without one. Costs one command per thousand. */
export async function readActivity(redis: Redis, userIds: readonly string[]): Promise<(number | null)[]> {
  const all: (number | null)[] = [];
  for (let from = 0; from < userIds.length; from += MGET_KEYS) {
    const keys = userIds.slice(from, from + MGET_KEYS).map(activityKey);
    all.push(...(await redis.mget<unknown[]>(...keys)).map(toMillis));
  }
  return all;
}

/** Streams all users that have a key, by SCAN. A user may come twice while keys change. */
export async function* scanActivity(redis: Redis): AsyncGenerator<{ userId: string; activity: number }[]> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, { match: `${PREFIX}*`, count: MGET_KEYS });
    const userIds = keys.map((key) => key.slice(PREFIX.length));
    const found = await readActivity(redis, userIds);
    yield userIds.flatMap((userId, index) => {
      const activity = found[index] ?? null;
      return activity === null ? [] : [{ userId, activity }];
    });
    cursor = String(next);
  } while (cursor !== '0');
}

/** Parses epoch milliseconds from Redis. Returns null for anything but a positive number. */
function toMillis(value: unknown): number | null {
  const text = value === null || value === undefined ? '' : String(value);
  return /^\d{1,16}$/.test(text) && Number(text) > 0 ? Number(text) : null;
}

/** Returns the time that Redis still keeps a user's activity, in milliseconds; negative without one. */
export async function timeToLive(redis: Redis, userId: string): Promise<number> {
  return Number(await redis.pttl(activityKey(userId)));
}

/** Deletes a user's activity, sessions and markers from Redis. */
export async function forgetUser(redis: Redis, userId: string): Promise<void> {
  await redis.del(activityKey(userId), sessionsKey(userId), pingsKey(userId));
}

/** Returns true if Redis has a user's activity, sessions or markers. */
export async function hasUser(redis: Redis, userId: string): Promise<boolean> {
  return (await redis.exists(activityKey(userId), sessionsKey(userId))) > 0;
}
