export type PresenceStatus = 'online' | 'offline' | 'unknown';
export type Source = 'redis' | 'login_history' | 'none';

/** Instants are milliseconds since the epoch. */
export interface Life {
  now: number;
  lastActivity: number | null;
  lastLogout: number | null;
  thresholdMs: number;
}

/**
 * Returns true if the last sign of life is younger than the threshold and later than the last logout. At exactly the
 * threshold it returns false. No stored flag counts.
 */
export function isOnline({ now, lastActivity, lastLogout, thresholdMs }: Life): boolean {
  if (lastActivity === null || lastActivity <= (lastLogout ?? Number.NEGATIVE_INFINITY)) return false;
  return now - lastActivity < thresholdMs;
}

/** The evidence about a user, in milliseconds since the epoch; null if there is none. */
export interface Evidence {
  /** The last ping in Redis; null without one, and if Redis does not answer. */
  activity: number | null;
  /** The last login of an open session, or the last sign of life of such a session in Firestore. */
  login: number | null;
  /** The last end of a session in login_history. */
  sessionEnd: number | null;
  /** `users.logged_out_at`: the user is gone since then, until a newer sign of life. */
  loggedOut: number | null;
  /** `users.last_activity_at`, the projection of an earlier sign of life. */
  projected: number | null;
}

export interface StatusVerdict {
  status: PresenceStatus;
  /** The source of the answer, and its instant. */
  source: Source;
  asOf: number | null;
}

/** The clocks of servers differ by less than this. */
const CLOCK_SLACK_MS = 60_000;

const latest = (...instants: (number | null)[]): number | null =>
  instants.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);

/** Leaves out an instant in the future: another back end wrote it, and it is no sign of life. */
const upTo = (now: number, instant: number | null): number | null =>
  instant !== null && instant > now + CLOCK_SLACK_MS ? null : instant;

/**
 * Returns the status of one user, and the last sign known of a user who is offline. Redis decides first; without a young ping, login_history does. If Redis is away
 * (`degraded`), a user is offline only if Firestore has the logout; others are `unknown`.
 */
export function decideStatus(
  known: Evidence,
  thresholdMs: number,
  now: number,
  degraded: boolean,
): StatusVerdict {
  const past = (instant: number | null) => upTo(now, instant);
  const [activity, login, sessionEnd] = [past(known.activity), past(known.login), past(known.sessionEnd)];
  const [loggedOut, projected] = [past(known.loggedOut), past(known.projected)];
  const isAlive = (lastActivity: number | null) =>
    isOnline({ now, lastActivity, lastLogout: loggedOut, thresholdMs });
  if (isAlive(activity)) return { status: 'online', source: 'redis', asOf: activity };
  if (isAlive(login)) return { status: 'online', source: 'login_history', asOf: login };
  const open = login !== null && login > (loggedOut ?? Number.NEGATIVE_INFINITY);
  const ended = latest(loggedOut, sessionEnd);
  if (degraded) {
    if (open) return { status: 'unknown', source: 'login_history', asOf: login };
    if (ended !== null && ended >= (projected ?? Number.NEGATIVE_INFINITY))
      return { status: 'offline', source: 'login_history', asOf: ended };
    return { status: 'unknown', source: 'none', asOf: null };
  }
  const asOf = latest(login, ended, projected);
  if (activity !== null && activity > (asOf ?? Number.NEGATIVE_INFINITY))
    return { status: 'offline', source: 'redis', asOf: activity };
  return { status: 'offline', source: asOf === null ? 'none' : 'login_history', asOf };
}
