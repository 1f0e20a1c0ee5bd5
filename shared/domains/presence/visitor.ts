import type { Firestore } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import { requireToken, TooOften } from '../../doors/redis/limit.ts';
import { within } from '../../doors/time/within.ts';
import { type Knowledge, markLoggedOut, pingsKey, recordActivity, type SessionRef } from './activity.ts';
import { loginRecord, openLogin } from './login-history.ts';
import { type SessionKind, sessionMemory } from './session.ts';
import { decideStanding, type Standing } from './standing.ts';
import { comeOnline, storedPresence, type UserProfile, userRef } from './user.ts';

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
  kind: SessionKind;
  /** The issue of the token in epoch seconds; null if the token has none. */
  issuedAt: number | null;
  /** The pings and logins that the user may send in a minute. */
  perMinute: number;
}

export const refOf = ({ user, session, issuedAt }: Visitor): SessionRef => ({
  userId: user.userId,
  session,
  issuedAt,
});

/**
 * Records a sign of life, in one Redis command. Returns the session's standing; only an open one has an effect. Throws if
 * Redis does not answer, and TooOften if the user's pings of this minute are used up.
 * - Firestore is read only if neither this process nor Redis knows the session; without its answer Redis decides.
 * - Firestore is written only when the user comes online.
 */
export async function ping(visitor: Visitor, thresholdMs: number): Promise<Standing> {
  const { store, now, session } = visitor;
  const memory = sessionMemory(store);
  let known = memory.knows(session, now.getTime()) ? null : await askFirestore(visitor);
  if (typeof known === 'string') return refuse(visitor, known);
  const knowledge = known === null ? 'as_known' : known.knowledge;
  let before = await record(visitor, knowledge);
  if (before === 'unknown') {
    known = await askFirestore(visitor);
    if (typeof known === 'string') return refuse(visitor, known);
    before = await record(visitor, known.knowledge);
  }
  if (before === 'out' || before === 'unknown') {
    memory.forget(session);
    return 'logged_out';
  }
  const came = before === null || now.getTime() - before >= thresholdMs;
  const away = known?.knowledge === 'unverified';
  // If Firestore did not answer just now, the next ping asks and writes.
  if (!away && (came || memory.doubts(session) || known?.flaggedOnline === false)) await project(visitor);
  return 'open';
}

/**
 * Records the ping. If its answer is lost, the next ping asks Firestore and writes the document in any case, since a
 * cleanup that saw no sign of life may be about to change it.
 */
async function record(visitor: Visitor, knowledge: Knowledge): Promise<'out' | 'unknown' | number | null> {
  const { store, redis, now, session } = visitor;
  try {
    return await recordActivity(
      redis,
      { ...refOf(visitor), perMinute: visitor.perMinute },
      now.getTime(),
      knowledge,
    );
  } catch (error) {
    if (!(error instanceof TooOften)) sessionMemory(store).doubt(session);
    throw error;
  }
}

interface Known {
  knowledge: 'verified' | 'unverified';
  /** The online flag of the user's document; null if Firestore did not answer. */
  flaggedOnline: boolean | null;
}

/** Reads the session and its user from Firestore, in one request. Returns the standing of a session that is not open. */
async function askFirestore(visitor: Visitor): Promise<Exclude<Standing, 'open'> | Known> {
  const { store, now, user, session } = visitor;
  try {
    const asked = store.getAll(loginRecord(store, session), userRef(store, user.userId));
    const [record, document] = await within(FIRESTORE_MS, 'Firestore', asked);
    const standing = decideStanding(visitor, record, document);
    if (standing !== 'open') return standing;
    sessionMemory(store).remember(session, now.getTime());
    return {
      knowledge: 'verified',
      flaggedOnline: document ? storedPresence(document).flaggedOnline : false,
    };
  } catch {
    return { knowledge: 'unverified', flaggedOnline: null };
  }
}

/** Refuses a session that Firestore does not know as open. The marker of a logged-out one follows in Redis. */
async function refuse<T extends Standing>(visitor: Visitor, standing: T): Promise<T> {
  const { store, redis, now, session } = visitor;
  sessionMemory(store).forget(session);
  if (standing === 'logged_out') await markLoggedOut(redis, refOf(visitor), now.getTime());
  return standing;
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
 * Returns another standing than `open`, without an effect, if the session was logged out after its token was issued.
 * Throws TooOften, without an effect, if the user's bucket is empty.
 */
export async function logIn(visitor: Visitor): Promise<Standing> {
  const { store, redis, now, user, session, issuedAt } = visitor;
  const [[record, document]] = await Promise.all([
    store.getAll(loginRecord(store, session), userRef(store, user.userId)),
    requireToken(redis, pingsKey(user.userId), visitor.perMinute, now.getTime()),
  ]);
  const standing = decideStanding(visitor, undefined, document);
  if (standing === 'logged_out' || (standing === 'outdated' && !record?.exists)) return standing;
  if (!(await openLogin(store, { userId: user.userId, session, issuedAt, now }))) return 'logged_out';
  await Promise.all([
    comeOnline(store, user, now),
    recordActivity(redis, refOf(visitor), now.getTime(), 'login').catch(() => null),
  ]);
  sessionMemory(store).remember(session, now.getTime());
  return 'open';
}
