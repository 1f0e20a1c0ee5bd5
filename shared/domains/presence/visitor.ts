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

/** A ping waits no longer than this for Firestore, which it can do without. */
const FIRESTORE_MS = 2_500;

/** One session of one user that says something of itself, and the stores that keep it. */
export interface Visitor {
  store: Firestore;
  redis: Redis;
  now: Date;
  user: UserProfile;
  /** The session's key, see sessionKey. */
  session: string;
  /** When the token was issued, in epoch seconds; null where it does not say. */
  issuedAt: number | null;
}

const refOf = ({ user, session }: Visitor): SessionRef => ({ userId: user.userId, session });

/**
 * A sign of life: one Redis command. Firestore is asked whether the session has been logged out where nothing recent is
 * known of it, and written only when the user comes online. With Firestore away Redis alone decides. Returns false for a
 * session that has been logged out. Throws where Redis does not answer.
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
  // Firestore that has just not answered is not waited for twice: the next ping asks and projects.
  if (!away && (came || memory.doubts(session) || known?.flaggedOnline === false)) await project(visitor);
  return true;
}

/**
 * A ping whose answer was lost may have been kept or not: the next one asks Firestore, and projects whatever the document
 * says, since a cleaning may be about to change it that saw no sign of life.
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
  /** Whether the user's document says online; null where Firestore did not answer. */
  flaggedOnline: boolean | null;
}

/** What Firestore knows of the session and its user, in one request. */
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

/** A session that Firestore knows to be logged out gets the marker that Redis has lost or never had. */
async function refuse(visitor: Visitor): Promise<false> {
  const { store, redis, now, session } = visitor;
  sessionMemory(store).forget(session);
  const { userId } = visitor.user;
  await markLoggedOut(redis, { userId, session }, now.getTime());
  return false;
}

/** The projection comes with the next ping where Firestore does not take it now. */
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
 * Somebody has logged in: a record in login_history and a first sign of life. Without Redis the record alone tells.
 * Returns false for a session that was logged out after its token was issued.
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
 * Ends one session for good. Its record is closed and Redis's key and marker changed; with Redis away the marker follows
 * when the session is next heard of. The user counts as gone unless another session of theirs is alive.
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

/** The last sign of life of the user's other open sessions: their pings as Redis told them, else their logins. */
async function lastLifeOf({ store, now, user }: Visitor, others: LiveSession[]): Promise<number | null> {
  const logins = await readLogins(store, [user.userId], now);
  const refs = others.map(({ session }) => loginRecord(store, session));
  const records = refs.length === 0 ? [] : await store.getAll(...refs);
  // A session may have been logged out while Redis was away: then only its record says so.
  const open = others.filter((_, index) => !records[index] || !isLoggedOut(records[index]));
  const last = Math.max(0, ...open.map(({ activity }) => activity), logins.get(user.userId)?.login ?? 0);
  return last === 0 ? null : last;
}
