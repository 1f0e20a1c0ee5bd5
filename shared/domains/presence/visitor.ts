import type { Firestore } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import { within } from '../../doors/time/within.ts';
import {
  endActivity,
  type Knowledge,
  type LiveSession,
  markLoggedOut,
  recordActivity,
  type SessionRef,
} from './activity.ts';
import { closeLogin, isLoggedOut, loginRecord, openLogin, readLogins } from './login-history.ts';
import { sessionMemory } from './session.ts';
import { isOnline } from './status.ts';
import {
  changeUser,
  comeOnline,
  otherSessionStays,
  storedPresence,
  type UserProfile,
  userLeaves,
  userRef,
} from './user.ts';

/** A ping waits at most this long for Firestore, and then goes on without it. */
const FIRESTORE_MS = 2_500;

/** One session of one user, and the stores. */
export interface Visitor {
  store: Firestore;
  redis: Redis;
  now: Date;
  user: UserProfile;
  /** The session's key, see sessionKey. */
  session: string;
  /** The issue of the token in epoch seconds; null if the token has none. */
  issuedAt: number | null;
}

const refOf = ({ user, session }: Visitor): SessionRef => ({ userId: user.userId, session });

/**
 * Records a sign of life, in one Redis command. Returns false if the session was logged out. Throws if Redis does not
 * answer.
 * - Firestore is read only if neither this process nor Redis knows the session; without its answer Redis decides.
 * - Firestore is written only when the user comes online.
 */
export async function ping(visitor: Visitor, thresholdMs: number): Promise<boolean> {
  const { store, now, session } = visitor;
  const memory = sessionMemory(store);
  let known = memory.knows(session, now.getTime()) ? null : await askFirestore(visitor);
  if (known === 'logged_out') return refuse(visitor);
  const knowledge = known === null ? 'as_known' : known.knowledge;
  let before = await record(visitor, knowledge);
  if (before === 'unknown') {
    known = await askFirestore(visitor);
    if (known === 'logged_out') return refuse(visitor);
    before = await record(visitor, known.knowledge);
  }
  if (before === 'out' || before === 'unknown') {
    memory.forget(session);
    return false;
  }
  const came = before === null || now.getTime() - before >= thresholdMs;
  const away = known?.knowledge === 'unverified';
  // If Firestore did not answer just now, the next ping asks and writes.
  if (!away && (came || memory.doubts(session) || known?.flaggedOnline === false)) await project(visitor);
  return true;
}

/**
 * Records the ping. If its answer is lost, the next ping asks Firestore and writes the document in any case, since a
 * cleanup that saw no sign of life may be about to change it.
 */
async function record(visitor: Visitor, knowledge: Knowledge): Promise<'out' | 'unknown' | number | null> {
  const { store, redis, now, session } = visitor;
  try {
    return await recordActivity(redis, refOf(visitor), now.getTime(), knowledge);
  } catch (error) {
    sessionMemory(store).doubt(session);
    throw error;
  }
}

interface Known {
  knowledge: 'verified' | 'unverified';
  /** The online flag of the user's document; null if Firestore did not answer. */
  flaggedOnline: boolean | null;
}

/** Reads the session and its user from Firestore, in one request. */
async function askFirestore({ store, now, user, session }: Visitor): Promise<'logged_out' | Known> {
  try {
    const asked = store.getAll(loginRecord(store, session), userRef(store, user.userId));
    const [record, document] = await within(FIRESTORE_MS, 'Firestore', asked);
    if (record && isLoggedOut(record)) return 'logged_out';
    sessionMemory(store).remember(session, now.getTime());
    return {
      knowledge: 'verified',
      flaggedOnline: document ? storedPresence(document).flaggedOnline : false,
    };
  } catch {
    return { knowledge: 'unverified', flaggedOnline: null };
  }
}

/** Refuses a session that is logged out in Firestore, and sets its marker in Redis. */
async function refuse(visitor: Visitor): Promise<false> {
  const { store, redis, now, session } = visitor;
  sessionMemory(store).forget(session);
  const { userId } = visitor.user;
  await markLoggedOut(redis, { userId, session }, now.getTime());
  return false;
}

/** Writes that the user came online. If Firestore does not take it, the next ping writes it. */
async function project(visitor: Visitor): Promise<void> {
  const { store, now, user, session } = visitor;
  const memory = sessionMemory(store);
  const written = within(FIRESTORE_MS, 'Firestore', comeOnline(store, user, now));
  await written.then(
    () => memory.trust(session),
    () => memory.forget(session),
  );
}

/**
 * Logs a user in: opens a record in login_history and records a first sign of life. Without Redis the record alone counts.
 * Returns false if the session was logged out after its token was issued.
 */
export async function logIn(visitor: Visitor): Promise<boolean> {
  const { store, redis, now, user, session, issuedAt } = visitor;
  if (!(await openLogin(store, { userId: user.userId, session, issuedAt, now }))) return false;
  await Promise.all([
    comeOnline(store, user, now),
    recordActivity(redis, refOf(visitor), now.getTime(), 'login').catch(() => null),
  ]);
  sessionMemory(store).remember(session, now.getTime());
  return true;
}

/**
 * Ends one session for good: closes its record and sets its marker in Redis. If Redis is away, the session's next request
 * sets the marker. The user counts as gone unless another session is alive.
 */
export async function logOut(visitor: Visitor, thresholdMs: number): Promise<void> {
  const { store, redis, now, user, session, issuedAt } = visitor;
  sessionMemory(store).forget(session);
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
