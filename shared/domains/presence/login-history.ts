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

/** How far back a login is looked for. An older one cannot make anybody online: no threshold is larger. */
const LOOK_BACK_MS = MAX_THRESHOLD_MINUTES * 60_000;
/** Firestore takes so many values in one `in`. */
const IN_VALUES = 30;
/** From so many users on, one query for everybody's recent logins is tried before many for these users'. */
const MANY_USERS = 10 * IN_VALUES;

/** A lost race means that another request of the same session was at work: more in a row are a fault. */
const MAX_ATTEMPTS = 5;

const history = (store: Firestore) => store.collection('login_history');

/** The login record of a session; its id is the session's key, so that asking for it is one read. */
export const loginRecord = (store: Firestore, session: string): DocumentReference =>
  history(store).doc(session);

/** Whether a session's record says that it was logged out. A session without a record was never seen to log out. */
export function isLoggedOut(record: DocumentSnapshot): boolean {
  return record.exists && millis(record.get('logout_at')) !== null;
}

/**
 * Opens the record of a session that logs in. A repeated login changes nothing. A session that was logged out opens again
 * only with a token issued after that (`issuedAt`, epoch seconds): its record moves aside and stays as history. Returns
 * false where the token is older than the logout.
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
 * Closes the record of a session, durably and once: a repeated logout keeps the first instant. A session that never
 * logged in through us gets its record now, with the token's own issue as its login.
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

/** What login_history says of one user's last day, in epoch milliseconds: the last login still open, the last end. */
export interface Logins {
  login: number | null;
  sessionEnd: number | null;
}

/** The logins of some users since an instant, newest first; needs the index (user_id, login_at desc) of login_history. */
export function loginsOf(store: Firestore, userIds: readonly string[], since: Date): Query {
  return recentLogins(store, since).where('user_id', 'in', userIds);
}

/** Everybody's logins since an instant, newest first. */
function recentLogins(store: Firestore, since: Date): Query {
  return history(store)
    .where('login_at', '>=', Timestamp.fromDate(since))
    .orderBy('login_at', 'desc')
    .select('user_id', 'login_at', 'logout_at');
}

/** Everybody's logins of as long as a login can make anybody online, newest first. */
export function lastLogins(store: Firestore, now: Date): Query {
  return recentLogins(store, new Date(now.getTime() - LOOK_BACK_MS));
}

/**
 * What login_history says of many users, in bulk: one query for every thirty users, or, for many users, one for everybody
 * where that reads little more. Users without a login in the last day are absent.
 */
export async function readLogins(
  store: Firestore,
  userIds: readonly string[],
  now: Date,
): Promise<Map<string, Logins>> {
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

/** Everybody's recent logins, or null where there are more than twice the users asked about. */
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
