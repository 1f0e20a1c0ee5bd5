import { type DocumentSnapshot, type Firestore, Timestamp } from '@google-cloud/firestore';
import {
  afterFailure,
  afterSuccess,
  HEALTHY,
  type Health,
  healthFields,
  readHealth,
} from '../../doors/account/health.ts';
import { mailAccounts } from '../../doors/mail/accounts.ts';
import type { Post } from '../../doors/mail/post.ts';
import { millis } from '../../doors/store/firestore.ts';

/** A provider counts its limit over 24 rolling hours, so the next try may be the first that goes. */
const HOLD_MS = 60 * 60_000;

/** The state of an account beside its settings. */
export interface AccountState {
  health: Health;
  /** Nothing is sent before this instant (milliseconds). */
  heldUntil: number | null;
  /** The instant of the first failure in a row; null if the account works. */
  failingSince: number | null;
}

export const readState = (snapshot: Pick<DocumentSnapshot, 'get'>): AccountState => ({
  health: readHealth(snapshot),
  heldUntil: millis(snapshot.get('held_until')),
  failingSince: millis(snapshot.get('failing_since')),
});

/** Returns the cause for which an account is not tried at an instant, or null. */
export function waitingFor(
  { health, heldUntil }: AccountState,
  now: Date,
): 'daily_limit' | 'account_waits' | null {
  if (heldUntil !== null && heldUntil > now.getTime()) return 'daily_limit';
  return health.nextAttemptAt !== null && health.nextAttemptAt > now.getTime() ? 'account_waits' : null;
}

/**
 * Returns an account's state after a run, or null if it is the same:
 * - A daily limit holds the account for an hour.
 * - Another fault of the account or its server begins a back-off, longer each time; refused credentials count as such.
 * - An accepted mail ends both.
 */
export function afterRun(
  state: AccountState,
  { fault, hasAccepted }: Pick<Post, 'fault' | 'hasAccepted'>,
  now: Date,
  random: number,
): AccountState | null {
  const kind = fault?.fault?.kind;
  const failingSince = state.failingSince ?? now.getTime();
  if (kind === 'daily_limit') return { ...state, heldUntil: now.getTime() + HOLD_MS, failingSince };
  if (fault) {
    const isLogin = fault.phase === 'auth' && fault.fault?.whose === 'account';
    const failure = { kind: isLogin ? 'auth' : (kind ?? 'no_answer'), detail: fault.response ?? '' };
    const health = afterFailure(state.health, failure, now, random);
    return { ...state, health, failingSince };
  }
  const isIll = state.health.failures > 0 || state.heldUntil !== null;
  if (!hasAccepted || !isIll) return null;
  return { health: afterSuccess(state.health, now), heldUntil: null, failingSince: null };
}

const stamp = (instant: number | null) => (instant === null ? null : Timestamp.fromMillis(instant));

/** The stored state of an account that works. */
export const SOUND = { health: healthFields(HEALTHY), held_until: null, failing_since: null };

/** Stores an account's state, unless the account was deleted. `isDefault`: the document of EMAIL_* is made if absent. */
export async function storeState(
  store: Firestore,
  id: string,
  state: AccountState,
  isDefault: boolean,
): Promise<void> {
  const fields = {
    health: healthFields(state.health),
    held_until: stamp(state.heldUntil),
    failing_since: stamp(state.failingSince),
  };
  const ref = mailAccounts(store).doc(id);
  if (isDefault) await ref.set({ org_id: null, ...fields }, { merge: true });
  else if ((await ref.get()).exists) await ref.update(fields);
}
