import {
  type DocumentReference,
  type DocumentSnapshot,
  type Firestore,
  Timestamp,
} from '@google-cloud/firestore';
import { isConflict, millis } from '../../doors/store/firestore.ts';
import type { Evidence } from './status.ts';

/** Attempts when requests of one user race; more lost races than this are a fault. */
const MAX_ATTEMPTS = 8;

/** The profile in a token, for a user without a document. */
export interface UserProfile {
  userId: string;
  email?: string | undefined;
  displayName?: string | undefined;
  role: 'admin' | 'user';
}

export const users = (store: Firestore) => store.collection('users');
export const userRef = (store: Firestore, userId: string): DocumentReference => users(store).doc(userId);

/** Reads the presence fields of a user's document, in epoch milliseconds. All are empty without a document. */
export function storedPresence(user: DocumentSnapshot) {
  return {
    flaggedOnline: user.get('is_online') === true,
    loggedOut: millis(user.get('logged_out_at')),
    projected: millis(user.get('last_activity_at')),
    /** The last sign of life of the user's other sessions when one session logged out. */
    stayed: millis(user.get('session_activity_at')),
    /** Tokens issued before this are logged out: a logout of a token that names no sign-in. */
    tokensFrom: millis(user.get('tokens_from')),
    /** The last logout that a cleaning wrote; it ends no session. */
    cleaned: millis(user.get('cleaned_at')),
  };
}

/** Combines the evidence about a user from the document, Redis and login_history. */
export function toEvidence(
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
 * Writes that a user came online, and creates a missing document. Never moves activity back. Changes nothing if a logout
 * is newer, since a write that Firestore took late must not undo it.
 */
export async function comeOnline(store: Firestore, user: UserProfile, now: Date): Promise<void> {
  await changeUser(store, user, (before) => {
    const { projected, loggedOut } = storedPresence(before);
    if (loggedOut !== null && loggedOut >= now.getTime()) return null;
    // Written even if the document says so already, so that a cleanup under way finds it changed.
    const activity = Math.max(projected ?? 0, now.getTime());
    return { is_online: true, last_activity_at: Timestamp.fromMillis(activity) };
  });
}

/** Returns the fields of a user with another live session; `stayed` is its last sign of life (epoch milliseconds). */
export function otherSessionStays(before: DocumentSnapshot, stayed: number): Record<string, unknown> {
  const activity = Math.max(storedPresence(before).projected ?? 0, stayed);
  return {
    is_online: true,
    last_activity_at: Timestamp.fromMillis(activity),
    session_activity_at: Timestamp.fromMillis(stayed),
  };
}

/** Returns the fields of a user whose last live session ended. */
export function userLeaves(before: DocumentSnapshot, now: Date): Record<string, unknown> {
  const loggedOut = Math.max(storedPresence(before).loggedOut ?? 0, now.getTime());
  return { is_online: false, logged_out_at: Timestamp.fromMillis(loggedOut) };
}

/** Returns the fields of a user whose tokens issued before an instant (epoch milliseconds) are all logged out. */
export function userLeavesAll(
  before: DocumentSnapshot,
  now: Date,
  issuedBefore: number,
): Record<string, unknown> {
  const from = Math.max(storedPresence(before).tokensFrom ?? 0, issuedBefore);
  return { ...userLeaves(before, now), tokens_from: Timestamp.fromMillis(from) };
}

/**
 * Changes a user's document if nothing changed it since it was read; a lost race reads it again. `change` returns null to
 * change nothing.
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
