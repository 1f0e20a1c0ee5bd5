import type { Folder } from './folder/folder.ts';
import type { Retry } from './folder/state.ts';

const HOUR_MS = 3_600_000;
/** A message is tried again each hour of a day, and then once a day. */
const HOURLY_TRIES = 24;
/** Returns when a message is tried again after some tries. */
export const nextRetry = (tries: number, now: Date): Retry => ({
  tries,
  at: now.getTime() + (tries < HOURLY_TRIES ? 1 : 24) * HOUR_MS,
});

/** Returns true if a message is to be tried again, or if nobody knows which are in quarantine. */
export const hasDueRetry = ({ state }: Folder, now: Date): boolean =>
  state.retries === null || dueRetries(state.retries, now).length > 0;

/** The UIDs of messages that are to be tried again, those that have waited longest first. */
export const dueRetries = (retries: Readonly<Record<string, Retry>>, now: Date): number[] =>
  Object.entries(retries)
    .filter(([, { at }]) => at <= now.getTime())
    .sort(([, one], [, other]) => one.at - other.at)
    .map(([uid]) => Number(uid));
