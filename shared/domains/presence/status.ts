export type Status = 'online' | 'offline' | 'unknown';
export type Source = 'redis' | 'login_history' | 'none';

/** Instants are milliseconds since the epoch. */
export interface Life {
  now: number;
  lastActivity: number | null;
  lastLogout: number | null;
  thresholdMs: number;
}

/**
 * Whether somebody is online: the last sign of life is younger than the threshold (at exactly the threshold it is not)
 * and later than the last logout. Nothing else counts, no stored flag either.
 */
export function isOnline({ now, lastActivity, lastLogout, thresholdMs }: Life): boolean {
  if (lastActivity === null || lastActivity <= (lastLogout ?? Number.NEGATIVE_INFINITY)) return false;
  return now - lastActivity < thresholdMs;
}

/** What is known of a user, in milliseconds since the epoch; null where nothing is. */
export interface Evidence {
  /** The last ping in Redis; null without one, and where Redis does not answer. */
  activity: number | null;
  /** The last login whose session is still open, or the last sign of life that Firestore has of such a session. */
  login: number | null;
  /** The last end of a session in login_history. */
  sessionEnd: number | null;
  /** `users.logged_out_at`: since then nobody is there until a newer sign of life. */
  loggedOut: number | null;
  /** `users.last_activity_at`, the projection of an earlier sign of life. */
  projected: number | null;
}

export interface Verdict {
  status: Status;
  /** Where the answer comes from, and the instant that it speaks of. */
  source: Source;
  asOf: number | null;
}

const latest = (...instants: (number | null)[]): number | null =>
  instants.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);

/**
 * The status of one user. Redis first; without a young ping there, login_history decides. With Redis away (`degraded`)
 * a user is offline only where Firestore knows of the logout: who cannot be seen is `unknown`, not offline.
 */
export function judge(known: Evidence, thresholdMs: number, now: number, degraded: boolean): Verdict {
  const { activity, login, sessionEnd, loggedOut, projected } = known;
  const alive = (lastActivity: number | null) =>
    isOnline({ now, lastActivity, lastLogout: loggedOut, thresholdMs });
  if (alive(activity)) return { status: 'online', source: 'redis', asOf: activity };
  if (alive(login)) return { status: 'online', source: 'login_history', asOf: login };
  const open = login !== null && login > (loggedOut ?? Number.NEGATIVE_INFINITY);
  const ended = latest(loggedOut, sessionEnd);
  if (degraded) {
    if (open) return { status: 'unknown', source: 'login_history', asOf: login };
    if (ended !== null && ended >= (projected ?? Number.NEGATIVE_INFINITY))
      return { status: 'offline', source: 'login_history', asOf: ended };
    return { status: 'unknown', source: 'none', asOf: null };
  }
  const asOf = latest(login, ended);
  if (activity !== null && activity > (asOf ?? Number.NEGATIVE_INFINITY))
    return { status: 'offline', source: 'redis', asOf: activity };
  return { status: 'offline', source: asOf === null ? 'none' : 'login_history', asOf };
}
