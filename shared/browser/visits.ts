import type { BrowserWindow } from './clock.ts';
import { Tracker, type TrackOptions } from './tracker.ts';

export type { TrackOptions };

export interface PageVisits {
  /** The person went to another page of the same document. The same path again is no navigation. */
  navigate(path: string, title?: string): void;
  /** Ends the visit and the tracking. */
  stop(): void;
  /** Ends the visit as a logout, and the tab's session; wait for it before the token is revoked. */
  logout(): Promise<void>;
}

/**
 * Reports the visits of this page, from the moment it is shown: call it once per document. Only what is visible counts
 * as a sign of life, only what is visible and has the focus as engaged time; a hidden page sends nothing but its last
 * word. The tracking stops for good when the token is refused.
 *
 * @example
 * const visits = trackPageVisits({ endpoint: '/api/v1/visits', getToken: () => session.accessToken });
 */
export function trackPageVisits(options: TrackOptions, w: BrowserWindow = window): PageVisits {
  const tracker = new Tracker(options, w);
  return {
    navigate: (path, title) => tracker.navigate(path, title),
    stop: () => tracker.stop(),
    logout: () => tracker.logout(),
  };
}
