import { endActivity, endAllActivity, type LiveSession } from './activity.ts';
import { closeLogin, closeOlderLogins, isLoggedOut, loginRecord, readLogins } from './login-history.ts';
import { sessionMemory } from './session.ts';
import { toSecond } from './standing.ts';
import { isOnline } from './status.ts';
import { changeUser, otherSessionStays, storedPresence, userLeaves, userLeavesAll } from './user.ts';
import { refOf, type Visitor } from './visitor.ts';

/**
 * Ends the session of a token for good. If Redis is away, the session's next request sets its marker.
 * - A session with a name of its own (`sid`, `origin_jti`, `auth_time`) ends alone. The user counts as gone unless another
 *   session is alive.
 * - A token that only has `iat` names no sign-in: every token of the user issued before this second ends with it.
 */
export async function logOut(visitor: Visitor, thresholdMs: number): Promise<void> {
  sessionMemory(visitor.store).forget(visitor.session);
  await (visitor.kind === 'token' ? endAllSessions(visitor) : endSession(visitor, thresholdMs));
}

async function endSession(visitor: Visitor, thresholdMs: number): Promise<void> {
  const { store, redis, now, user, session, issuedAt } = visitor;
  const [, others] = await Promise.all([
    closeLogin(store, { userId: user.userId, session, issuedAt, now }),
    endActivity(redis, refOf(visitor), now.getTime()).catch(() => []),
  ]);
  const stayed = await lastLifeOf(visitor, others);
  await changeUser(store, user, (before) => {
    const { loggedOut } = storedPresence(before);
    const alive = isOnline({ now: now.getTime(), lastActivity: stayed, lastLogout: loggedOut, thresholdMs });
    return alive && stayed !== null ? otherSessionStays(before, stayed) : userLeaves(before, now);
  });
}

async function endAllSessions(visitor: Visitor): Promise<void> {
  const { store, redis, now, user, session, issuedAt } = visitor;
  const before = toSecond(now.getTime());
  await Promise.all([
    closeLogin(store, { userId: user.userId, session, issuedAt, now }),
    closeOlderLogins(store, { userId: user.userId, before, now }),
    endAllActivity(redis, refOf(visitor), now.getTime(), before).catch(() => undefined),
  ]);
  await changeUser(store, user, (document) => userLeavesAll(document, now, before));
}

/** Returns the last sign of life of the user's other open sessions: their pings in Redis, else their logins. */
async function lastLifeOf({ store, now, user }: Visitor, others: LiveSession[]): Promise<number | null> {
  const logins = await readLogins(store, [user.userId], now);
  const refs = others.map(({ session }) => loginRecord(store, session));
  const records = refs.length === 0 ? [] : await store.getAll(...refs);
  // If a session was logged out while Redis was away, only its record shows that.
  const open = others.filter((_, index) => !records[index] || !isLoggedOut(records[index]));
  const last = Math.max(0, ...open.map(({ activity }) => activity), logins.get(user.userId)?.login ?? 0);
  return last === 0 ? null : last;
}
