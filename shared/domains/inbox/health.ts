import type { Failure } from './imap/failure.ts';

export type Status = 'ok' | 'retrying' | 'auth_failed' | 'disabled';

/** A folder whose numbers do not agree. */
export interface FolderGap {
  folder: string;
  /** The server's count of messages; null if the folder is not on the server. */
  exists: number | null;
  /** Messages of it that are stored, in quarantine, or older than sync_from. */
  stored: number;
}

/** How a mailbox is; times are milliseconds since the epoch. */
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
  /** Folders whose mail is not all stored, though the last sync did all it could. */
  gaps: readonly FolderGap[];
  /** The start of the absence of folders, as the owner was notified; null if all are there. */
  foldersAbsentAt: number | null;
}

export const HEALTHY: Health = {
  status: 'ok',
  failures: 0,
  authFailures: 0,
  nextAttemptAt: null,
  lastError: null,
  lastSuccessAt: null,
  authFailedAt: null,
  gaps: [],
  foldersAbsentAt: null,
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

/** Returns the health after a whole sync without an error; `gaps` are the folders that are not all stored. */
export function afterSuccess(health: Health, now: Date, gaps: readonly FolderGap[] = []): Health {
  const isAbsent = gaps.some(({ exists }) => exists === null);
  return {
    ...HEALTHY,
    gaps,
    foldersAbsentAt: isAbsent ? (health.foldersAbsentAt ?? now.getTime()) : null,
    status: health.status === 'disabled' ? 'disabled' : 'ok',
    lastSuccessAt: now.getTime(),
  };
}

/** After a failure: what is due when. `random` is from 0 to 1. */
export function afterFailure(health: Health, { kind, detail }: Failure, now: Date, random: number): Health {
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
