import type { BrowserWindow } from './clock.ts';

/** A navigation that has not arrived after this long was a download, or was cancelled. */
const ARRIVAL_MS = 30_000;

/** The events of a page's life. */
export interface PageEvents {
  /** The page may have been shown or hidden, or may have gained or lost the focus. */
  look(): void;
  online(): void;
  /** A page of the same site is about to replace this one. */
  leaving(): void;
  /** The page goes away. `inSite`: the browser announced a page of the same site. */
  leave(inSite: boolean): void;
  /** The back/forward cache returns the page. */
  back(): void;
  /** The document shows another page. */
  moved(): void;
}

/** Returns true if the page is visible: neither hidden nor prerendered. */
export function isShown({ document }: BrowserWindow): boolean {
  return document.visibilityState === 'visible' && !(document as { prerendering?: boolean }).prerendering;
}

/** Returns the path of the page, with the fragment of a router that keeps its path there. Never a query. */
export function toAddress({ location: { pathname, hash } }: BrowserWindow): string {
  return pathname + (/^#!?\//.test(hash) ? hash.split('?')[0] : '');
}

/** Reports the person's input to the page until `signal` ends it. */
export function followInput(w: BrowserWindow, attend: () => void, signal: AbortSignal): void {
  for (const name of ['pointerdown', 'pointermove', 'keydown', 'scroll'])
    w.addEventListener(name, attend, { signal, passive: true, capture: true });
}

/** The part of the Navigation API that names the next page; browsers without it announce nothing. */
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
 * Follows the addresses of a single-page site. No event in all browsers reports pushState and replaceState, so this wraps
 * both until `signal` ends it. The Navigation API reports the rest.
 */
export function followHistory(w: BrowserWindow, events: PageEvents, signal: AbortSignal): void {
  const moved = () => events.moved();
  for (const name of ['popstate', 'hashchange']) w.addEventListener(name, moved, { signal });
  (w as { navigation?: EventTarget }).navigation?.addEventListener('currententrychange', moved, { signal });
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
