import type { BrowserWindow } from './clock.ts';
import { checkOptions, shield } from './host.ts';
import type { TrackOptions } from './options.ts';
import { Tracker } from './tracker.ts';

export type { TrackOptions };

export interface PageVisits {
  /** Reports that the document shows another page. The same path again is no navigation. */
  navigate(path: string, title?: string): void;
  /** Ends the visit and the tracking. */
  stop(): void;
  /** Reports that a person signed in: the visit of the page that is shown begins now, and is sent at once. */
  login(): void;
  /** Ends the visit as a logout, and the tab's session. Await it before the token is revoked. */
  logout(): Promise<void>;
  /** Ends the tracking in this browser, on later pages too; `optOut(false)` allows it again from the next page. */
  optOut(out?: boolean): void;
}

const OPT_OUT = 'ronde.visits.out';
/** The tracker of this document, shared by all copies of the module. */
const CURRENT = Symbol.for('ronde.visits');

/**
 * Reports the visits of this page from the moment it is shown. A second call in a document replaces the first. Only a
 * visible page sends heartbeats, and only a focused one with a person's input counts engaged time. Without a token it waits.
 *
 * It does nothing if the person opted out or the browser sends Global Privacy Control. It never throws.
 *
 * @example
 * const visits = trackPageVisits({ endpoint: '/api/v1/visits', getToken: () => session.accessToken });
 */
export function trackPageVisits(options: TrackOptions, w: BrowserWindow = window): PageVisits {
  const page = w as { [CURRENT]?: Tracker | undefined };
  const start = () => {
    checkOptions(options, w);
    page[CURRENT]?.stop();
    return isRefused(options, w) ? undefined : new Tracker(options, w);
  };
  const tracker = shield(w, start);
  page[CURRENT] = tracker;
  return {
    navigate: (path, title) => shield(w, () => tracker?.navigate(path, title)),
    stop: () => void shield(w, () => tracker?.stop()),
    login: () => shield(w, () => tracker?.login()),
    logout: async () => tracker?.logout().catch(() => undefined),
    optOut(out = true) {
      shield(w, () => w.localStorage[out ? 'setItem' : 'removeItem'](OPT_OUT, '1'));
      if (out) shield(w, () => tracker?.stop());
    },
  };
}

/** Returns true if the person does not want to be tracked. */
function isRefused({ ignorePrivacySignal }: TrackOptions, w: BrowserWindow): boolean {
  const signal = (w.navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;
  try {
    if (w.localStorage.getItem(OPT_OUT)) return true;
  } catch {}
  return !!signal && !ignorePrivacySignal;
}
