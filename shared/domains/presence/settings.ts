import type { Firestore } from '@google-cloud/firestore';
import * as z from 'zod';
import { processStore } from '../../doors/store/counted.ts';
import { within } from '../../doors/time/within.ts';
import {
  DEFAULT_THRESHOLD_MINUTES,
  MAX_THRESHOLD_MINUTES,
  MIN_THRESHOLD_MINUTES,
  MIN_THRESHOLD_SECONDS,
} from './limits.ts';

/** A caller waits at most this long for the store; then the last known value holds. */
const TIMEOUT_MS = 1_500;

/** The fields of `settings/presence`. */
export const presenceSettings = z.strictObject({
  online_threshold_minutes: z
    .int(`must be a whole number from ${MIN_THRESHOLD_MINUTES} to ${MAX_THRESHOLD_MINUTES}`)
    .min(
      MIN_THRESHOLD_MINUTES,
      `must be at least ${MIN_THRESHOLD_MINUTES}: below three pings and 20 s of slack (${MIN_THRESHOLD_SECONDS} s) active users would show as offline`,
    )
    .max(MAX_THRESHOLD_MINUTES, `must be at most ${MAX_THRESHOLD_MINUTES}, one day`),
});

/** The settings of an installation that has set nothing. */
export const PRESENCE_DEFAULTS: z.infer<typeof presenceSettings> = {
  online_threshold_minutes: DEFAULT_THRESHOLD_MINUTES,
};

interface Cached {
  minutes: number;
  readAt: number;
}

/** One value per store and process. A change in this process holds at once. */
const cache = new WeakMap<Firestore, Cached>();

/**
 * Returns the threshold in minutes. A value read less than `maxAgeMs` ago is used again. If the store does not answer, the
 * last known value or the default holds.
 */
export async function onlineThreshold(store: Firestore, now: Date, maxAgeMs: number): Promise<number> {
  const known = cache.get(processStore(store));
  const age = now.getTime() - (known?.readAt ?? Number.NEGATIVE_INFINITY);
  if (known && age >= 0 && age < maxAgeMs) return known.minutes;
  const minutes = await within(TIMEOUT_MS, 'Firestore', readThreshold(store)).catch(() => null);
  return rememberThreshold(store, minutes ?? known?.minutes ?? DEFAULT_THRESHOLD_MINUTES, now);
}

/** Tells this process of a threshold that has just been written. */
export function rememberThreshold(store: Firestore, minutes: number, now: Date): number {
  cache.set(processStore(store), { minutes, readAt: now.getTime() });
  return minutes;
}

async function readThreshold(store: Firestore): Promise<number> {
  const snapshot = await store.doc('settings/presence').get();
  const value: unknown = snapshot.get('online_threshold_minutes');
  // A value that no PUT would take can only have been written by hand; the default is safer than to obey it.
  return (
    presenceSettings.safeParse({ online_threshold_minutes: value }).data?.online_threshold_minutes ??
    DEFAULT_THRESHOLD_MINUTES
  );
}
