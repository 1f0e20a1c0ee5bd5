/** An elected page pings this often. The server's threshold is three pings and 20 s. */
const PING_MS = 60_000;
/** The random part of a ping's wait, half of it either way: browsers that began together drift apart. */
const PING_JITTER = 0.1;
/** Each failure doubles the wait up to this, well within the default threshold of 15 minutes. */
const MAX_BACK_OFF_MS = 5 * 60_000;
/** The random part is only added after a failure: the server may have asked for the wait. */
const BACK_OFF_JITTER = 0.25;

/** The elected page missed its turn if its ping is this late: a dialog is open in it, or its script stands still. */
export const OVERDUE_MS = 15_000;
/** The first wait for a token; each further one doubles it up to the time between two pings. */
const FIRST_TOKEN_MS = 1_000;

/** Returns the wait before the next question for a token. */
export const toTokenWaitMs = (failures: number): number => Math.min(FIRST_TOKEN_MS * 2 ** failures, PING_MS);

/** Returns the wait for the next ping; `chance` is from 0 to 1. */
export const toPingWaitMs = (chance: number): number => PING_MS * (1 + PING_JITTER * (chance - 0.5));

/** Returns a pause below half the jitter: of pages that wake for the same ping, one comes first. */
export const toPauseMs = (chance: number): number => (PING_MS * PING_JITTER * chance) / 2;

/** Returns the wait after this many failures before the last one, for at least as long as the server `asked`. */
export const toBackOffMs = (failures: number, asked: number, chance: number): number =>
  Math.max(Math.min(PING_MS * 2 ** failures, MAX_BACK_OFF_MS), asked) * (1 + BACK_OFF_JITTER * chance);

/** Returns the milliseconds of a Retry-After header in seconds, the form that the server sends. */
export const toRetryAfterMs = ({ headers }: Response): number =>
  Number(headers.get('Retry-After')) * 1000 || 0;
