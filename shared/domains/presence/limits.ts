/** A browser pings this often while it is in front of somebody. */
const PING_SECONDS = 60;
/** This many pings in a row may be lost, and the last one may come this late, before somebody counts as gone. */
const PINGS = 3;
const SLACK_SECONDS = 20;
const MINUTE_S = 60;
const DAY_MINUTES = 24 * 60;

/** A threshold below this would show people who are there as gone (Zulip's rule: three pings and twenty seconds). */
export const MIN_THRESHOLD_SECONDS = PINGS * PING_SECONDS + SLACK_SECONDS;
export const MIN_THRESHOLD_MINUTES = Math.ceil(MIN_THRESHOLD_SECONDS / MINUTE_S);
/** The largest threshold: one day. Redis keeps a sign of life for longer. */
export const MAX_THRESHOLD_MINUTES = DAY_MINUTES;
/** Online means younger than this, unless the settings say otherwise. */
export const DEFAULT_THRESHOLD_MINUTES = 15;

/** "Stale" means no sign of life for this long, unless the caller says otherwise. */
export const DEFAULT_STALE_MINUTES = 30;
export const MAX_STALE_MINUTES = DAY_MINUTES;
