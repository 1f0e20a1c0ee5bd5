import type { BrowserWindow } from './clock.ts';
import type { TrackOptions } from './options.ts';
import { Tracker } from './tracker.ts';

export type { TrackOptions };

export interface PageVisits {
  /** Reports that the document shows another page. The same path again is no navigation. */
  navigate(path: string, title?: string): void;
  /** Ends the visit and the tracking. */
  stop(): void;
  /** Ends the visit as a logout, and the tab's session. Await it before the token is revoked. */
  logout(): Promise<void>;
}

/**
 * Reports the visits of this page from the moment it is shown. Call it once per document. Only a visible page sends
 * heartbeats, and only a focused one counts engaged time. It stops for good if the server refuses the token.
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
