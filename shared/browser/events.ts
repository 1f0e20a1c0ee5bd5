import type { BrowserWindow } from './clock.ts';

/** A navigation that has not arrived after this long was a download, or was given up. */
const ARRIVAL_MS = 30_000;

/** What the tracking is told of its page. */
export interface PageEvents {
  /** The page may have been shown or hidden, or have won or lost the focus. */
  look(): void;
  online(): void;
  /** A page of the same site is about to take this one's place. */
  leaving(): void;
  /** The page goes away; `inSite` where the browser said beforehand that a page of the same site comes next. */
  leave(inSite: boolean): void;
  /** The back/forward cache returns the page. */
  back(): void;
  /** Another page of the same document. */
  moved(): void;
}

/** Whether the page is in front of somebody: neither hidden nor prerendered. */
export function isShown({ document }: BrowserWindow): boolean {
  return document.visibilityState === 'visible' && !(document as { prerendering?: boolean }).prerendering;
}

/** The part of the Navigation API that tells where a page leads; browsers without it give no word beforehand. */
interface NavigateEvent extends Event {
  destination: { url: string; sameDocument: boolean };
  downloadRequest: string | null;
}

/** Follows the life of a page until `signal` ends it. */
export function followPage(w: BrowserWindow, events: Omit<PageEvents, 'moved'>, signal: AbortSignal): void {
  const on = (target: EventTarget | undefined, names: string, handler: (event: Event) => void) => {
    for (const name of names.split(' ')) target?.addEventListener(name, handler, { signal });
  };
  let inSiteAt = Number.NEGATIVE_INFINITY;
  on(w.document, 'visibilitychange prerenderingchange', () => events.look());
  on(w, 'focus blur', () => events.look());
  on(w, 'online', () => events.online());
  on(w, 'pageshow', (event) => {
    if ((event as PageTransitionEvent).persisted) events.back();
  });
  on(w, 'pagehide', (event) => events.leave(event.timeStamp - inSiteAt < ARRIVAL_MS));
  on((w as { navigation?: EventTarget }).navigation, 'navigate', (event) => {
    const { destination, downloadRequest, timeStamp } = event as NavigateEvent;
    const inSite = !destination.sameDocument && downloadRequest === null;
    if (!inSite || !destination.url.startsWith(`${w.location.origin}/`)) return;
    inSiteAt = timeStamp;
    events.leaving();
  });
}

/**
 * Follows the addresses of a single-page site. Routers call pushState and replaceState, of which no browser tells by an
 * event that all have; so both are wrapped, and given back when `signal` ends it.
 */
export function followHistory(w: BrowserWindow, events: PageEvents, signal: AbortSignal): void {
  const moved = () => events.moved();
  w.addEventListener('popstate', moved, { signal });
  for (const name of ['pushState', 'replaceState'] as const) {
    const original = w.history[name];
    const wrapped: History['pushState'] = (...state) => {
      original.apply(w.history, state);
      moved();
    };
    w.history[name] = wrapped;
    signal.addEventListener('abort', () => {
      if (w.history[name] === wrapped) w.history[name] = original;
    });
  }
}
