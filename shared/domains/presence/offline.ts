import { randomUUID } from 'node:crypto';
import {
  type DocumentSnapshot,
  type Firestore,
  type Query,
  type QueryDocumentSnapshot,
  Timestamp,
} from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import { updateUnchanged } from '../../doors/store/update-unchanged.ts';
import { forgetActivity, readActivity } from './activity.ts';
import { readLogins } from './login-history.ts';
import { storedPresence, users } from './user.ts';

/** Attempts on a document that changes between reading and writing; then its user counts as failed. */
const MAX_ATTEMPTS = 4;

export interface OfflineDeps {
  store: Firestore;
  redis: Redis;
}

/** A user with its signs of life, in epoch milliseconds. */
export interface Seen {
  id: string;
  /** Null for a user that only Redis or login_history knows. */
  document: QueryDocumentSnapshot | null;
  /** The ping that Redis holds. */
  activity: number | null;
  /** The last sign of life of an open session, from login_history and the document. */
  login: number | null;
  /** The last sign of life of any kind. */
  sign: number | null;
}

/** Queries the users that are flagged online. */
export function flaggedOnline(store: Firestore): Query {
  return users(store).where('is_online', '==', true);
}

/** Reads the signs of life of many users, in order. Throws if Redis does not answer. */
export async function seeUsers(
  { store, redis }: OfflineDeps,
  found: readonly { id: string; document: DocumentSnapshot | null }[],
  now: Date,
): Promise<Seen[]> {
  const ids = found.map(({ id }) => id);
  const [activity, logins] = await Promise.all([readActivity(redis, ids), readLogins(store, ids, now)]);
  return found.map(({ id, document }, index) => {
    const stored = document?.exists ? storedPresence(document) : null;
    const ping = activity[index] ?? null;
    const login = Math.max(logins.get(id)?.login ?? 0, stored?.stayed ?? 0);
    const sign = Math.max(ping ?? 0, login, stored?.projected ?? 0);
    return {
      id,
      document: stored ? (document as QueryDocumentSnapshot) : null,
      activity: ping,
      login: login === 0 ? null : login,
      sign: sign === 0 ? null : sign,
    };
  });
}

/** Returns true if a user has a sign of life at or after an instant (epoch milliseconds). */
export function seenSince({ sign }: Pick<Seen, 'sign'>, before: number): boolean {
  return sign !== null && sign >= before;
}

/** `already`: another run put the user offline first, and counts it. */
export type OfflineResult = 'offline' | 'already' | 'alive' | Error;

/** One attempt to put users offline. Its documents keep `id`, so that it knows its own writes after a lost answer. */
interface OfflineAttempt {
  id: string;
  before: number;
  loggedOut: number | null;
}

/**
 * Puts users offline whose last sign of life is before an instant.
 * - Redis first: a newer activity stays, and its user stays online.
 * - Then the documents, each only if it is as it was read; a changed one is decided again, so a ping in between wins.
 * - `loggedOut`, if given, is written as the logout, so that a recent login does not show the user as online.
 */
export async function putOffline(
  deps: OfflineDeps,
  seen: readonly Seen[],
  bounds: { before: number; loggedOut: number | null },
): Promise<OfflineResult[]> {
  const own: OfflineAttempt = { id: randomUUID(), ...bounds };
  const left = await forgetActivity(
    deps.redis,
    seen.map(({ id }) => id),
    own.before,
  );
  const results: OfflineResult[] = left.map((stays) => (stays === null ? 'offline' : 'alive'));
  let open = seen.flatMap((user, index) =>
    results[index] === 'offline' && user.document
      ? [{ index, document: user.document, sign: user.sign }]
      : [],
  );
  for (let attempt = 1; open.length > 0 && attempt <= MAX_ATTEMPTS; attempt += 1) {
    const updates = open.map(({ document, sign }) => ({
      snapshot: document,
      fields: offlineFields(document, sign, own),
    }));
    const written = await updateUnchanged(deps.store, updates);
    for (const [at, result] of written.entries()) {
      const index = open[at]?.index;
      if (index !== undefined && result instanceof Error) results[index] = result;
    }
    open = await readAgain(
      deps,
      open.filter((_, at) => written[at] === 'changed'),
      own,
      results,
    );
  }
  for (const { index } of open) results[index] = new Error('changed_too_often');
  return results;
}

interface Open {
  index: number;
  document: QueryDocumentSnapshot;
  sign: number | null;
}

/** Reads changed documents again. Returns those still to be put offline. */
async function readAgain(
  { store }: OfflineDeps,
  changed: readonly Open[],
  own: OfflineAttempt,
  results: OfflineResult[],
): Promise<Open[]> {
  if (changed.length === 0) return [];
  const fresh = await store.getAll(...changed.map(({ document }) => document.ref));
  return changed.flatMap(({ index, sign }, at) => {
    const document = fresh[at];
    if (!document?.exists || document.get('put_offline_by') === own.id) return [];
    if (seenSince({ sign: storedPresence(document).projected }, own.before)) {
      results[index] = 'alive';
      return [];
    }
    if (isOffline(document, own)) {
      results[index] = 'already';
      return [];
    }
    return [{ index, document: document as QueryDocumentSnapshot, sign }];
  });
}

/** Returns true if a document already says what the attempt would write. */
function isOffline(document: DocumentSnapshot, { loggedOut: due }: OfflineAttempt): boolean {
  const { flaggedOnline, loggedOut } = storedPresence(document);
  return !flaggedOnline && (due === null || (loggedOut ?? 0) >= due);
}

/** Returns the changes to a user's document. The last sign of life moves there from Redis, never back in time. */
function offlineFields(
  document: DocumentSnapshot,
  sign: number | null,
  { id, loggedOut }: OfflineAttempt,
): Record<string, unknown> {
  const stored = storedPresence(document);
  return {
    is_online: false,
    put_offline_by: id,
    ...(sign !== null && sign > (stored.projected ?? 0)
      ? { last_activity_at: Timestamp.fromMillis(sign) }
      : {}),
    ...(loggedOut !== null && loggedOut > (stored.loggedOut ?? 0)
      ? { logged_out_at: Timestamp.fromMillis(loggedOut), cleaned_at: Timestamp.fromMillis(loggedOut) }
      : {}),
  };
}
