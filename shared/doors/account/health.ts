import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { millis } from '../store/firestore.ts';

/** A failed use of an account. `auth`: the credentials are refused; `busy`: the server has enough of us for now. */
export interface AccountFailure {
  kind: string;
  /** For people, on one line; never a secret. */
  detail: string;
}

export type Status = 'ok' | 'retrying' | 'auth_failed' | 'disabled';

/** The health of an account, such as a mailbox; times are milliseconds since the epoch. */
export interface Health {
  status: Status;
  /** Failures in a row. */
  failures: number;
  /** Refused logins in a row: only these lead to `auth_failed`. */
  authFailures: number;
  nextAttemptAt: number | null;
  lastError: string | null;
  lastSuccessAt: number | null;
  /** The start of refused logins, as the owner was notified; null if the login works. */
  authFailedAt: number | null;
}

export const HEALTHY: Health = {
  status: 'ok',
  failures: 0,
  authFailures: 0,
  nextAttemptAt: null,
  lastError: null,
  lastSuccessAt: null,
  authFailedAt: null,
};

/** This many refused logins in a row mean wrong credentials; fewer may be a server's bad hour. */
export const AUTH_FAILURES = 3;
/** Back-off: one minute, doubled with each failure, up to an hour; what the server says it is busy with starts higher. */
const FIRST_WAIT_MS = 60_000;
const BUSY_WAIT_MS = 5 * 60_000;
const MAX_WAIT_MS = 60 * 60_000;
/** A mailbox whose login is refused is tried this seldom: often enough to notice that the password is right again. */
const AUTH_WAIT_MS = 6 * 60 * 60_000;
/** Waits differ by up to this share, so that mailboxes that failed together do not come back together. */
const JITTER = 0.25;

/** Returns the health after a whole sync without an error. */
export function afterSuccess(health: Health, now: Date): Health {
  return {
    ...HEALTHY,
    status: health.status === 'disabled' ? 'disabled' : 'ok',
    lastSuccessAt: now.getTime(),
  };
}

/** After a failure: what is due when. `random` is from 0 to 1. */
export function afterFailure<T extends Health>(
  health: T,
  { kind, detail }: AccountFailure,
  now: Date,
  random: number,
): T {
  const failures = health.failures + 1;
  const authFailures = kind === 'auth' ? health.authFailures + 1 : health.authFailures;
  const refused = kind === 'auth' && authFailures >= AUTH_FAILURES;
  const status = refused || health.status === 'auth_failed' ? 'auth_failed' : 'retrying';
  const doubled = (kind === 'busy' ? BUSY_WAIT_MS : FIRST_WAIT_MS) * 2 ** Math.min(failures - 1, 10);
  const wait = refused ? AUTH_WAIT_MS : Math.min(doubled, MAX_WAIT_MS);
  return {
    ...health,
    status,
    failures,
    authFailures,
    lastError: `${kind}: ${detail}`,
    nextAttemptAt: Math.round(now.getTime() + wait * (1 + JITTER * (2 * random - 1))),
    authFailedAt: status === 'auth_failed' ? (health.authFailedAt ?? now.getTime()) : null,
  };
}

/** Returns true if a mailbox is due for a sync at an instant. */
export function isDue(health: Health, now: Date): boolean {
  return health.status !== 'disabled' && (health.nextAttemptAt ?? 0) <= now.getTime();
}

const STATUSES: readonly Status[] = ['ok', 'retrying', 'auth_failed', 'disabled'];

/** Reads the field `health` of a document. Absent fields mean that all is well. */
export function readHealth(snapshot: Pick<DocumentSnapshot, 'get'>): Health {
  const status = snapshot.get('health.status') as Status;
  const count = (name: string) => Number(snapshot.get(`health.${name}`) ?? 0) || 0;
  const error: unknown = snapshot.get('health.last_error');
  return {
    status: STATUSES.includes(status) ? status : HEALTHY.status,
    failures: count('failures'),
    authFailures: count('auth_failures'),
    nextAttemptAt: millis(snapshot.get('health.next_attempt_at')),
    lastError: typeof error === 'string' && error !== '' ? error : null,
    lastSuccessAt: millis(snapshot.get('health.last_success_at')),
    authFailedAt: millis(snapshot.get('health.auth_failed_at')),
  };
}

/** Health as it is stored. */
export function healthFields(health: Health): Record<string, unknown> {
  const at = (value: number | null) => (value === null ? null : Timestamp.fromMillis(value));
  return {
    status: health.status,
    failures: health.failures,
    auth_failures: health.authFailures,
    next_attempt_at: at(health.nextAttemptAt),
    last_error: health.lastError,
    last_success_at: at(health.lastSuccessAt),
    auth_failed_at: at(health.authFailedAt),
  };
}
