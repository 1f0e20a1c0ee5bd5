import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import { stopwatch } from '../../doors/clock.ts';
import { streamQuery } from '../../doors/store/firestore.ts';
import { readActivity, scanActivity } from './activity.ts';
import { DEFAULT_STALE_MINUTES } from './limits.ts';
import { flaggedOnline, type OfflineDeps, type Seen, seeUsers } from './offline.ts';
import { isOnline } from './status.ts';
import { storedPresence, userRef, users } from './user.ts';

const BATCH = 500;
/** At most this many ids of each kind are named. */
const NAMED = 100;

interface Found {
  count: number;
  /** The first ids. */
  user_ids: string[];
}

/** The answer of one store. */
export interface StoreHealth {
  ok: boolean;
  ms: number;
  error: string | null;
}

/** The state of presence, for operators. Fields that need Redis are null if it does not answer. */
export interface PresenceReport {
  degraded: boolean;
  stores: { firestore: StoreHealth; redis: StoreHealth };
  users: number;
  flagged_online: number;
  /** Number of keys in Redis that are younger than the threshold. */
  live_keys: number | null;
  /** Users flagged online without a sign of life, and users alive without the flag. */
  ghosts: { flagged_without_life: Found | null; alive_without_flag: Found | null };
  /** Users flagged online and silent for this long. */
  stale: (Found & { minutes: number }) | null;
}

/** Compares the flags with the signs of life, in bulk. */
export async function presenceReport(
  deps: OfflineDeps,
  now: Date,
  thresholdMs: number,
): Promise<PresenceReport> {
  const { store, redis } = deps;
  const [health, answered] = await Promise.all([
    measure(async () => (await users(store).count().get()).data().count),
    measure(() => readActivity(redis, ['nobody'])),
  ]);
  const report: PresenceReport = {
    degraded: !answered.health.ok,
    stores: { firestore: health.health, redis: answered.health },
    users: health.value ?? 0,
    flagged_online: 0,
    live_keys: null,
    ghosts: { flagged_without_life: null, alive_without_flag: null },
    stale: null,
  };
  const live = answered.health.ok ? await readLiveKeys(deps, now, thresholdMs) : null;
  await examineFlagged(deps, report, live, { now, thresholdMs });
  if (live) {
    report.live_keys = live.size;
    report.ghosts.alive_without_flag = await findUnflagged(deps, live);
  }
  return report;
}

async function measure<T>(ask: () => Promise<T>): Promise<{ value: T | null; health: StoreHealth }> {
  const elapsed = stopwatch();
  const ms = () => Math.round(elapsed() * 10) / 10;
  try {
    const value = await ask();
    return { value, health: { ok: true, ms: ms(), error: null } };
  } catch (error) {
    return { value: null, health: { ok: false, ms: ms(), error: String(error) } };
  }
}

/** Reads the users whose ping is younger than the threshold, with its instant. */
async function readLiveKeys(deps: OfflineDeps, now: Date, thresholdMs: number): Promise<Map<string, number>> {
  const live = new Map<string, number>();
  for await (const step of scanActivity(deps.redis)) {
    for (const { userId, activity } of step)
      if (isOnline({ now: now.getTime(), lastActivity: activity, lastLogout: null, thresholdMs }))
        live.set(userId, activity);
  }
  return live;
}

/** Counts the flagged users, the ghosts and the stale ones among them. */
async function examineFlagged(
  deps: OfflineDeps,
  report: PresenceReport,
  live: ReadonlyMap<string, number> | null,
  { now, thresholdMs }: { now: Date; thresholdMs: number },
): Promise<void> {
  const ghosts: Found = { count: 0, user_ids: [] };
  const stale = { minutes: DEFAULT_STALE_MINUTES, count: 0, user_ids: [] };
  const look = async (batch: QueryDocumentSnapshot[]) => {
    report.flagged_online += batch.length;
    if (!live) return;
    const seen = await seeUsers(
      deps,
      batch.map((document) => ({ id: document.id, document })),
      now,
    );
    for (const user of seen) {
      if (!isAlive(user, now, thresholdMs)) add(ghosts, user.id);
      if (now.getTime() - (user.sign ?? 0) >= DEFAULT_STALE_MINUTES * 60_000) add(stale, user.id);
    }
  };
  let batch: QueryDocumentSnapshot[] = [];
  for await (const document of streamQuery(flaggedOnline(deps.store))) {
    batch.push(document);
    if (batch.length < BATCH) continue;
    await look(batch);
    batch = [];
  }
  await look(batch);
  if (!live) return;
  report.ghosts.flagged_without_life = ghosts;
  report.stale = stale;
}

/** Returns true if a ping or a login makes the user online. */
function isAlive({ document, activity, login }: Seen, now: Date, thresholdMs: number): boolean {
  const lastLogout = document ? storedPresence(document).loggedOut : null;
  return [activity, login].some((lastActivity) =>
    isOnline({ now: now.getTime(), lastActivity, lastLogout, thresholdMs }),
  );
}

/** Finds users with a live key and no online flag, or without a document. */
async function findUnflagged({ store }: OfflineDeps, live: ReadonlyMap<string, number>): Promise<Found> {
  const found: Found = { count: 0, user_ids: [] };
  const ids = [...live.keys()];
  for (let from = 0; from < ids.length; from += BATCH) {
    const documents = await store.getAll(...ids.slice(from, from + BATCH).map((id) => userRef(store, id)));
    for (const document of documents) {
      const { flaggedOnline: flagged, loggedOut } = storedPresence(document);
      if (!flagged && (live.get(document.id) ?? 0) > (loggedOut ?? 0)) add(found, document.id);
    }
  }
  return found;
}

function add(found: Found, userId: string): void {
  found.count += 1;
  if (found.user_ids.length < NAMED) found.user_ids.push(userId);
}
