import type { DocumentSnapshot } from '@google-cloud/firestore';
import { streamQuery } from '../../doors/store/firestore.ts';
import { scanActivity } from './activity.ts';
import { backUp, type PresenceBackup, type UserBackup } from './backup.ts';
import { lastLogins } from './login-history.ts';
import {
  flaggedOnline,
  type OfflineDeps,
  type OfflineResult,
  putOffline,
  type Seen,
  seenSince,
  seeUsers,
} from './offline.ts';
import { storedPresence, userRef } from './user.ts';

/** Users that are put offline together: one Firestore batch. */
const BATCH = 500;
/** The answer names at most this many users. */
const SHOWN = 100;

export interface CleanupRequest {
  now: Date;
  /** Users without a sign of life since this instant go offline (epoch milliseconds). */
  before: number;
  /** Only users that are flagged online, and without setting `logged_out_at`, as `stale` does. */
  flaggedOnly: boolean;
  dryRun: boolean;
}

export interface CleanupResult {
  /** Users checked: flagged online, with a ping in Redis, or with a recent login. */
  checked: number;
  /** Users put offline; in a dry run, users that would be. */
  cleaned: number;
  /** Users with a newer sign of life. */
  alive: number;
  failed: Record<string, number>;
  /** The ids of the first users put offline. */
  shown: string[];
  backup: PresenceBackup;
}

/**
 * Puts users offline whose last sign of life is before an instant, in batches, and backs them up. Any later ping wins.
 * Throws if Redis does not answer, since users that cannot be seen must stay as they are.
 */
export async function cleanUp(deps: OfflineDeps, request: CleanupRequest): Promise<CleanupResult> {
  const { now, flaggedOnly } = request;
  const result: CleanupResult = {
    checked: 0,
    cleaned: 0,
    alive: 0,
    failed: {},
    shown: [],
    backup: { version: 1, taken_at: now.toISOString(), users: [] },
  };
  const done = new Set<string>();
  const source = flaggedOnly ? flagged(deps) : everybody(deps, now);
  for await (const batch of source) {
    const fresh = batch.filter(({ id }) => !done.has(id) && done.add(id));
    for (let from = 0; from < fresh.length; from += BATCH)
      await cleanBatch(deps, fresh.slice(from, from + BATCH), request, result);
  }
  return result;
}

/** Backs up a user. Returns null if its presence fields cannot be restored; such a user is left alone. */
function backUpOrNull(user: Seen): UserBackup | null {
  try {
    return backUp(user);
  } catch {
    return null;
  }
}

type Found = { id: string; document: DocumentSnapshot | null }[];

async function* flagged({ store }: OfflineDeps): AsyncGenerator<Found> {
  let batch: Found = [];
  for await (const document of streamQuery(flaggedOnline(store))) {
    batch.push({ id: document.id, document });
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

/** Streams all users that may show as online: flagged, with a ping in Redis, or with a login in the last day. */
async function* everybody(deps: OfflineDeps, now: Date): AsyncGenerator<Found> {
  yield* flagged(deps);
  for await (const step of scanActivity(deps.redis))
    yield await documents(
      deps,
      step.map(({ userId }) => userId),
    );
  const users = new Set<string>();
  for await (const login of streamQuery(lastLogins(deps.store, now))) users.add(String(login.get('user_id')));
  const ids = [...users];
  for (let from = 0; from < ids.length; from += BATCH)
    yield await documents(deps, ids.slice(from, from + BATCH));
}

async function documents({ store }: OfflineDeps, ids: readonly string[]): Promise<Found> {
  if (ids.length === 0) return [];
  const found = await store.getAll(...ids.map((id) => userRef(store, id)));
  return found.map((document) => ({ id: document.id, document }));
}

async function cleanBatch(
  deps: OfflineDeps,
  batch: Found,
  { now, before, flaggedOnly, dryRun }: CleanupRequest,
  result: CleanupResult,
): Promise<void> {
  const seen = (await seeUsers(deps, batch, now)).filter((user) => mayShowOnline(user));
  const old = seen.filter((user) => !seenSince(user, before));
  result.checked += seen.length;
  result.alive += seen.length - old.length;
  const kept = old.map(backUpOrNull);
  const due = old.filter((_, index) => kept[index]);
  if (due.length < old.length) fail(result, 'cannot_be_backed_up', old.length - due.length);
  const backups = kept.filter((backup) => backup !== null);
  const results = dryRun
    ? due.map(() => 'offline' as const)
    : await putOffline(deps, due, { before, loggedOut: flaggedOnly ? null : before - 1 });
  for (const [index, outcome] of results.entries()) count(outcome, backups[index], result);
}

/** True if a flag, a ping, or a login after the last logout may show the user as online. */
function mayShowOnline({ document, activity, login }: Seen): boolean {
  if (activity !== null) return true;
  const stored = document ? storedPresence(document) : null;
  return stored !== null && (stored.flaggedOnline || (login !== null && login > (stored.loggedOut ?? 0)));
}

function count(outcome: OfflineResult, kept: UserBackup | undefined, result: CleanupResult): void {
  if (outcome instanceof Error) {
    fail(result, `store_${String((outcome as { code?: unknown }).code ?? outcome.message)}`);
    return;
  }
  if (outcome !== 'offline') {
    // A user that another run put offline is neither cleaned here nor alive.
    if (outcome === 'alive') result.alive += 1;
    return;
  }
  result.cleaned += 1;
  if (!kept) return;
  result.backup.users.push(kept);
  if (result.shown.length < SHOWN) result.shown.push(kept.id);
}

function fail(result: CleanupResult, reason: string, users = 1): void {
  result.failed[reason] = (result.failed[reason] ?? 0) + users;
}
