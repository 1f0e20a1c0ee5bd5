import {
  type DocumentReference,
  type DocumentSnapshot,
  type Firestore,
  Timestamp,
} from '@google-cloud/firestore';
import { isConflict, millis } from '../../doors/store/firestore.ts';
import type { Evidence } from './status.ts';

/** Requests of the same user at the same instant: more lost races than this are a fault. */
const MAX_ATTEMPTS = 8;

/** What a token says of its user, for a user that has no document yet. */
export interface UserProfile {
  userId: string;
  email?: string | undefined;
  displayName?: string | undefined;
  role: 'admin' | 'user';
}

export const users = (store: Firestore) => store.collection('users');
export const userRef = (store: Firestore, userId: string): DocumentReference => users(store).doc(userId);

/** What a user's document says of presence, in epoch milliseconds; of an absent document, nothing. */
export function storedPresence(user: DocumentSnapshot) {
  return {
    flaggedOnline: user.get('is_online') === true,
    loggedOut: millis(user.get('logged_out_at')),
    projected: millis(user.get('last_activity_at')),
    /** Private: the last sign of life of the sessions that stayed when another one of the user logged out. */
    stayed: millis(user.get('session_activity_at')),
  };
}

/** The evidence of a user from the three places that have some. */
export function evidence(
  stored: ReturnType<typeof storedPresence>,
  activity: number | null,
  logins: { login: number | null; sessionEnd: number | null } | undefined,
): Evidence {
  const { loggedOut, projected, stayed } = stored;
  const logged = logins?.login ?? null;
  const login = stayed === null || (logged !== null && logged > stayed) ? logged : stayed;
  return { activity, login, sessionEnd: logins?.sessionEnd ?? null, loggedOut, projected };
}

/**
 * Projects that a user has come online; makes the document of a user that has none. Never moves activity back, and changes
 * nothing where a logout is newer: a write that Firestore took late must not undo it.
 */
export async function comeOnline(store: Firestore, user: UserProfile, now: Date): Promise<void> {
  await changeUser(store, user, (before) => {
    const { projected, loggedOut } = storedPresence(before);
    if (loggedOut !== null && loggedOut >= now.getTime()) return null;
    // Written even where the document says so already: a cleaning that is under way must find it changed.
    const activity = Math.max(projected ?? 0, now.getTime());
    return { is_online: true, last_activity_at: Timestamp.fromMillis(activity) };
  });
}

/** The fields of a user whose session ended while another one of theirs shows life at `stayed` (epoch milliseconds). */
export function otherSessionStays(before: DocumentSnapshot, stayed: number): Record<string, unknown> {
  const activity = Math.max(storedPresence(before).projected ?? 0, stayed);
  return {
    is_online: true,
    last_activity_at: Timestamp.fromMillis(activity),
    session_activity_at: Timestamp.fromMillis(stayed),
  };
}

/** The fields of a user whose last live session has ended. */
export function userLeaves(before: DocumentSnapshot, now: Date): Record<string, unknown> {
  const loggedOut = Math.max(storedPresence(before).loggedOut ?? 0, now.getTime());
  return { is_online: false, logged_out_at: Timestamp.fromMillis(loggedOut) };
}

/**
 * Reads a user's document, decides what changes and writes it on the condition that nothing came between; a lost race
 * reads again. Null changes nothing.
 */
export async function changeUser(
  store: Firestore,
  user: UserProfile,
  change: (before: DocumentSnapshot) => Record<string, unknown> | null,
): Promise<void> {
  const ref = userRef(store, user.userId);
  for (let attempt = 1; ; attempt += 1) {
    const before = await ref.get();
    const fields = change(before);
    if (fields === null) return;
    try {
      if (before.exists && before.updateTime) await ref.update(fields, { lastUpdateTime: before.updateTime });
      else await ref.create({ ...newUser(user), ...fields });
      return;
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function newUser({ email, displayName, role }: UserProfile): Record<string, unknown> {
  return {
    ...(email === undefined ? {} : { email }),
    ...(displayName === undefined ? {} : { display_name: displayName }),
    role,
    is_online: false,
    last_activity_at: null,
    logged_out_at: null,
  };
}
