import type { Firestore, QueryDocumentSnapshot } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import { listPageById } from '../../doors/store/list-page.ts';
import { within } from '../../doors/time/within.ts';
import { readActivity } from './activity.ts';
import { type Logins, readLogins } from './login-history.ts';
import { decideStatus, type PresenceStatus, type Source, type StatusVerdict } from './status.ts';
import { storedPresence, toEvidence, users } from './user.ts';

/** The largest page of users, which one MGET can answer. */
export const MAX_PAGE = 1_000;
/** A filtered page looks through at most this many users; the next page goes on from there. */
const MAX_SCANNED = 10 * MAX_PAGE;
/** Redis answers in milliseconds or is away; after this, login_history answers. */
const REDIS_MS = 1_200;

export interface StatusDeps {
  store: Firestore;
  redis: Redis;
}

export interface UserStatus {
  user_id: string;
  is_online: boolean;
  status: PresenceStatus;
  source: Source;
  as_of: string | null;
}

export interface StatusQuery {
  /** The greatest number of users on the page. */
  limit: number;
  /** Users after this id; null for the first page. */
  after: string | null;
  /** Only users of this status. */
  status?: PresenceStatus | undefined;
  thresholdMs: number;
  now: Date;
}

export interface StatusPage {
  degraded: boolean;
  users: UserStatus[];
  /** The id to go on after; null on the last page. */
  next: string | null;
}

/**
 * Reads the statuses of a page of users, by id, in bulk: one query, one MGET, and login_history for users that Redis does
 * not show as online. If Redis is away, the answer is `degraded` and login_history decides for all.
 */
export async function listStatuses(deps: StatusDeps, query: StatusQuery): Promise<StatusPage> {
  const page: StatusPage = { degraded: false, users: [], next: query.after };
  const step = query.status === undefined ? query.limit : MAX_PAGE;
  for (let scanned = 0; scanned < MAX_SCANNED; scanned += step) {
    const { docs, next } = await listPageById(presenceOfUsers(deps.store), step, page.next, true);
    const judged = await judgeUsers(deps, docs, query, page);
    for (const [index, user] of judged.entries()) {
      if (query.status !== undefined && user.status !== query.status) continue;
      page.users.push(user);
      const last = index === judged.length - 1 && next === null;
      if (page.users.length === query.limit) return { ...page, next: last ? null : user.user_id };
    }
    page.next = next;
    if (next === null) break;
  }
  return page;
}

const presenceOfUsers = (store: Firestore) =>
  users(store).select('is_online', 'logged_out_at', 'last_activity_at', 'session_activity_at');

async function judgeUsers(
  { store, redis }: StatusDeps,
  docs: readonly QueryDocumentSnapshot[],
  { thresholdMs, now }: StatusQuery,
  page: StatusPage,
): Promise<UserStatus[]> {
  const ids = docs.map(({ id }) => id);
  const activity = page.degraded
    ? null
    : await within(REDIS_MS, 'Redis', readActivity(redis, ids)).catch(() => null);
  page.degraded = activity === null;
  const at = now.getTime();
  const stored = docs.map(storedPresence);
  const verdict = (user: (typeof stored)[number], index: number, logins?: Logins) =>
    decideStatus(toEvidence(user, activity?.[index] ?? null, logins), thresholdMs, at, page.degraded);
  const byRedis = stored.map((user, index) => verdict(user, index));
  const others = ids.filter(
    (_, index) => byRedis[index]?.source !== 'redis' || byRedis[index].status !== 'online',
  );
  const logins = await readLogins(store, others, now);
  return stored.map((user, index) => {
    const userId = ids[index] ?? '';
    const of = logins.get(userId);
    return toUserStatus(userId, (of ? undefined : byRedis[index]) ?? verdict(user, index, of));
  });
}

function toUserStatus(userId: string, { status, source, asOf }: StatusVerdict): UserStatus {
  return {
    user_id: userId,
    is_online: status === 'online',
    status,
    source,
    as_of: asOf === null ? null : new Date(asOf).toISOString(),
  };
}
