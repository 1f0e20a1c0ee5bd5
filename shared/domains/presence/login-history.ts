import {
  type DocumentReference,
  type DocumentSnapshot,
  type Firestore,
  type Query,
  type QuerySnapshot,
  Timestamp,
} from '@google-cloud/firestore';
import { isConflict, millis } from '../../doors/store/firestore.ts';
import { MAX_THRESHOLD_MINUTES } from './limits.ts';

/** Older logins are not read: no threshold is larger, so they cannot make a user online. */
const LOOK_BACK_MS = MAX_THRESHOLD_MINUTES * 60_000;
/** Firestore takes at most this many values in one `in`. */
const IN_VALUES = 30;
/** Firestore indexes values of fewer bytes (https://firebase.google.com/docs/firestore/quotas#indexes). */
const MAX_VALUE_BYTES = 1_500;
/** From this many users on, one query for all recent logins is tried first. */
const MANY_USERS = 10 * IN_VALUES;

/** Attempts when another request of the same session wins the race; more lost races in a row are a fault. */
const MAX_ATTEMPTS = 5;

const history = (store: Firestore) => store.collection('login_history');

/** Returns the login record of a session. Its id is the session's key, so it costs one read. */
export const loginRecord = (store: Firestore, session: string): DocumentReference =>
  history(store).doc(session);

/** Returns true if a session's record has a logout. A session without a record counts as not logged out. */
export function isLoggedOut(record: DocumentSnapshot): boolean {
  return record.exists && millis(record.get('logout_at')) !== null;
}

/**
 * Opens the record of a session that logs in. A repeated login changes nothing. After a logout it needs a newer token
 * (`issuedAt`, epoch seconds), and the old record stays as history. Returns false if the token is older than the logout.
 */
export async function openLogin(
  store: Firestore,
  login: { userId: string; session: string; issuedAt: number | null; now: Date },
): Promise<boolean> {
  const { userId, session, issuedAt, now } = login;
  const ref = loginRecord(store, session);
  const fields = { user_id: userId, session_id: session, login_at: Timestamp.fromDate(now), logout_at: null };
  for (let attempt = 1; ; attempt += 1) {
    const before = await ref.get();
    if (before.exists && !isLoggedOut(before)) return true;
    const batch = store.batch();
    if (before.exists && before.updateTime) {
      const logoutSecond = Math.floor((millis(before.get('logout_at')) ?? 0) / 1000);
      if (issuedAt === null || issuedAt <= logoutSecond) return false;
      batch.create(history(store).doc(), before.data() ?? {});
      batch.update(ref, fields, { lastUpdateTime: before.updateTime });
    } else batch.create(ref, fields);
    try {
      await batch.commit();
      return true;
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/**
 * Closes the record of a session. A repeated logout keeps the first instant. A session without a record gets one, with
 * the token's issue as its login.
 */
export async function closeLogin(
  store: Firestore,
  logout: { userId: string; session: string; issuedAt: number | null; now: Date },
): Promise<void> {
  const { userId, session, issuedAt, now } = logout;
  const ref = loginRecord(store, session);
  const ended = Timestamp.fromDate(now);
  for (let attempt = 1; ; attempt += 1) {
    const before = await ref.get();
    if (isLoggedOut(before)) return;
    try {
      if (before.exists && before.updateTime)
        await ref.update({ logout_at: ended }, { lastUpdateTime: before.updateTime });
      else {
        const login_at = issuedAt === null ? ended : Timestamp.fromMillis(issuedAt * 1000);
        await ref.create({ user_id: userId, session_id: session, login_at, logout_at: ended });
      }
      return;
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Logouts of one request; a user rarely has more open logins. */
const MAX_CLOSED = 200;

/** Closes the open records of a user whose login is before an instant (epoch milliseconds). Returns how many. */
export async function closeOlderLogins(
  store: Firestore,
  { userId, before, now }: { userId: string; before: number; now: Date },
): Promise<number> {
  const open = history(store).where('user_id', '==', userId).where('logout_at', '==', null);
  const found = await open.limit(MAX_CLOSED).get();
  const older = found.docs.filter((record) => (millis(record.get('login_at')) ?? 0) < before);
  const batch = store.batch();
  for (const { ref } of older) batch.update(ref, { logout_at: Timestamp.fromDate(now) });
  if (older.length > 0) await batch.commit();
  return older.length;
}

/** One user's last day in login_history, in epoch milliseconds: the last open login, and the last end. */
export interface Logins {
  login: number | null;
  sessionEnd: number | null;
}

/** Queries the logins of some users since an instant, newest first; needs the index (user_id, login_at desc). */
export function loginsOf(store: Firestore, userIds: readonly string[], since: Date): Query {
  return recentLogins(store, since).where('user_id', 'in', userIds);
}

/** Queries all users' logins since an instant, newest first. */
function recentLogins(store: Firestore, since: Date): Query {
  return history(store)
    .where('login_at', '>=', Timestamp.fromDate(since))
    .orderBy('login_at', 'desc')
    .select('user_id', 'login_at', 'logout_at');
}

/** Queries all logins that can still make a user online, newest first. */
export function lastLogins(store: Firestore, now: Date): Query {
  return recentLogins(store, new Date(now.getTime() - LOOK_BACK_MS));
}

/**
 * Reads the last day of many users: one query per thirty users, or one for all users if that reads little more. Users
 * without a login in the last day are absent.
 */
export async function readLogins(
  store: Firestore,
  ids: readonly string[],
  now: Date,
): Promise<Map<string, Logins>> {
  // One id that no query takes must not fail the others.
  const userIds = ids.filter((id) => Buffer.byteLength(id) < MAX_VALUE_BYTES);
  const since = new Date(now.getTime() - LOOK_BACK_MS);
  const everybody = userIds.length >= MANY_USERS ? await readEverybody(store, since, userIds.length) : null;
  if (everybody) return everybody;
  const chunks = Array.from({ length: Math.ceil(userIds.length / IN_VALUES) }, (_, index) =>
    loginsOf(store, userIds.slice(index * IN_VALUES, (index + 1) * IN_VALUES), since).get(),
  );
  const found = new Map<string, Logins>();
  for (const result of await Promise.all(chunks)) collect(result, found);
  return found;
}

/** Reads all recent logins. Returns null if there are more than twice as many as users asked about. */
async function readEverybody(store: Firestore, since: Date, users: number) {
  const limit = 2 * users;
  const result = await recentLogins(store, since).limit(limit).get();
  const found = new Map<string, Logins>();
  collect(result, found);
  return result.size < limit ? found : null;
}

function collect(result: QuerySnapshot, found: Map<string, Logins>): void {
  for (const record of result.docs) {
    const userId = String(record.get('user_id'));
    const of = found.get(userId) ?? { login: null, sessionEnd: null };
    const login = millis(record.get('login_at'));
    const end = millis(record.get('logout_at'));
    if (end !== null) of.sessionEnd = Math.max(of.sessionEnd ?? end, end);
    else if (login !== null) of.login = Math.max(of.login ?? login, login);
    found.set(userId, of);
  }
}
