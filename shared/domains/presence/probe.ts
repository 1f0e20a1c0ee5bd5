import { type DocumentSnapshot, type Query, Timestamp } from '@google-cloud/firestore';
import { stopwatch } from '../../doors/clock.ts';
import { isConflict } from '../../doors/store/firestore.ts';
import { endActivity, forgetUser, readActivity, recordActivity, timeToLive } from './activity.ts';
import { MAX_THRESHOLD_MINUTES } from './limits.ts';
import { closeLogin, isLoggedOut, loginRecord, openLogin } from './login-history.ts';
import { flaggedOnline, type OfflineDeps } from './offline.ts';
import { sessionKey } from './session.ts';
import { userRef, users } from './user.ts';

/** The user that the test works on. */
const PROBE = 'ronde-presence-probe';
const SESSION = sessionKey(PROBE, 'probe');
/** Users checked for fields of the wrong type, and faults named at most. */
const SAMPLE = 200;
const NAMED = 5;
/** A store is too slow if the median of five answers takes longer than this. */
const SLOW_MS = 1_000;
const TIMINGS = 5;

export interface ProbeDeps extends OfflineDeps {
  now: Date;
  /** The composite queries whose indexes must be there. */
  queries: readonly Query[];
}

/** One check: resolves with its result, or throws the fault. */
export type PresenceCheck = (deps: ProbeDeps) => Promise<string>;

const firestoreConnection: PresenceCheck = async ({ store }) => {
  const { exists } = await store.doc('settings/presence').get();
  return `settings/presence ${exists ? 'read' : 'is not set; the defaults hold'}`;
};

const redisConnection: PresenceCheck = async ({ redis }) => {
  const answer = await redis.ping();
  if (answer !== 'PONG') throw new Error(`Redis answers ${JSON.stringify(answer)} to PING`);
  return 'PONG';
};

const userSchema: PresenceCheck = async ({ store }) => {
  const { docs } = await users(store).limit(SAMPLE).get();
  const faults = docs.flatMap(faultsOf);
  if (faults.length > 0) {
    const more = faults.length > NAMED ? `, and ${faults.length - NAMED} more` : '';
    throw new Error(`${faults.slice(0, NAMED).join(', ')}${more}`);
  }
  return `${docs.length} users checked`;
};

/** Returns the fields of a user with a wrong type. Absent and null fields are correct. */
function faultsOf(user: DocumentSnapshot): string[] {
  const kinds: [string, string, (value: unknown) => boolean][] = [
    ['is_online', 'a boolean', (value) => typeof value === 'boolean'],
    ['last_activity_at', 'a timestamp', (value) => value instanceof Timestamp],
    ['logged_out_at', 'a timestamp', (value) => value instanceof Timestamp],
    ['role', 'admin or user', (value) => value === 'admin' || value === 'user'],
  ];
  return kinds.flatMap(([name, kind, fits]) => {
    const value: unknown = user.get(name);
    return value === undefined || value === null || fits(value)
      ? []
      : `users/${user.id}: ${name} is not ${kind}`;
  });
}

const presenceOperations: PresenceCheck = async ({ redis, now }) => {
  const ref = { userId: PROBE, session: SESSION };
  const at = now.getTime();
  await recordActivity(redis, ref, at, 'login');
  await recordActivity(redis, ref, at - 1, 'as_known');
  requireSame('the last ping', await readActivity(redis, [PROBE]), [at]);
  const left = await timeToLive(redis, PROBE);
  if (left <= MAX_THRESHOLD_MINUTES * 60_000)
    throw new Error(`a ping is kept for ${left} ms; it must outlast the largest threshold`);
  await endActivity(redis, ref, at + 1);
  requireSame('the ping after the logout', await readActivity(redis, [PROBE]), [null]);
  requireSame('a late ping', await recordActivity(redis, ref, at + 2, 'as_known'), 'out');
  return 'ping, login, logout and a late ping behave as required';
};

const indexes: PresenceCheck = async ({ store, queries }) => {
  for (const query of [flaggedOnline(store), ...queries]) {
    await query.limit(1).get();
  }
  return `${queries.length + 1} queries answered`;
};

const simulatedUpdate: PresenceCheck = async ({ store, now }) => {
  const ref = userRef(store, PROBE);
  const { writeTime } = await ref.set({
    role: 'user',
    is_online: false,
    last_activity_at: null,
    logged_out_at: null,
  });
  await ref.update(
    { is_online: true, last_activity_at: Timestamp.fromDate(now) },
    { lastUpdateTime: writeTime },
  );
  const second = ref.update({ is_online: false }, { lastUpdateTime: writeTime });
  await second.then(
    () => {
      throw new Error('a write on an outdated document was taken; conditional writes do not hold');
    },
    (error: unknown) => {
      if (!isConflict(error)) throw error;
    },
  );
  const login = { userId: PROBE, session: SESSION, issuedAt: null, now };
  await openLogin(store, login);
  await closeLogin(store, login);
  if (!isLoggedOut(await loginRecord(store, SESSION).get())) throw new Error('the login record stays open');
  return 'a conditional update holds, an outdated one is refused, a login record opens and closes';
};

const timings: PresenceCheck = async (deps) => {
  const firestore = await median(() => firestoreConnection(deps));
  const redis = await median(() => redisConnection(deps));
  const found = `Firestore ${firestore} ms, Redis ${redis} ms (median of ${TIMINGS})`;
  if (Math.max(firestore, redis) > SLOW_MS) throw new Error(`${found}; more than ${SLOW_MS} ms`);
  return found;
};

async function median(ask: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let index = 0; index < TIMINGS; index += 1) {
    const elapsed = stopwatch();
    await ask();
    taken.push(elapsed());
  }
  const middle = taken.sort((one, other) => one - other)[Math.floor(TIMINGS / 2)] ?? 0;
  return Math.round(middle * 10) / 10;
}

function requireSame(what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  throw new Error(`${what} is ${JSON.stringify(found)}; it must be ${JSON.stringify(wanted)}`);
}

/** Every check by its name, in order: later checks need the earlier ones. */
export const checks = {
  firestore_connection: firestoreConnection,
  redis_connection: redisConnection,
  user_schema: userSchema,
  presence_operations: presenceOperations,
  indexes,
  simulated_update: simulatedUpdate,
  timings,
} satisfies Record<string, PresenceCheck>;

export type CheckName = keyof typeof checks;
export const checkNames = Object.keys(checks) as CheckName[];

/**
 * Removes the probe user from both stores, also after a killed check. Waits for both deletions even if one fails, since a
 * late one would delete the next check's probe.
 */
export async function removeProbe({ store, redis }: OfflineDeps): Promise<void> {
  const ends = await Promise.allSettled([
    userRef(store, PROBE).delete(),
    loginRecord(store, SESSION).delete(),
    forgetUser(redis, PROBE),
  ]);
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure) throw failure.reason;
}
