/** A browser pings this often while its page is visible. */
const PING_SECONDS = 60;
/** This many pings in a row may be lost, and the last one may come this late, before a user counts as gone. */
const PINGS = 3;
const SLACK_SECONDS = 20;
const MINUTE_S = 60;
const DAY_MINUTES = 24 * 60;

/** A lower threshold would show active users as gone (Zulip's rule: three pings and twenty seconds). */
export const MIN_THRESHOLD_SECONDS = PINGS * PING_SECONDS + SLACK_SECONDS;
export const MIN_THRESHOLD_MINUTES = Math.ceil(MIN_THRESHOLD_SECONDS / MINUTE_S);
/** The largest threshold: one day. Redis keeps a ping longer. */
export const MAX_THRESHOLD_MINUTES = DAY_MINUTES;
/** The threshold if the settings have none. */
export const DEFAULT_THRESHOLD_MINUTES = 15;

/** A user is stale after this many minutes without a sign of life, unless the caller gives another number. */
export const DEFAULT_STALE_MINUTES = 30;
export const MAX_STALE_MINUTES = DAY_MINUTES;
