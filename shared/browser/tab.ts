import type { BrowserWindow } from './clock.ts';
import { newId } from './host.ts';

/** Why the browser ends a visit. */
export type EndReason = 'navigated' | 'left' | 'logout';

/** A visit in the browser; `elapsed` and `engaged` are milliseconds. */
export interface Visit {
  id: string;
  /** The tab that the visit belongs to; absent in the storage of earlier versions. */
  session?: string | undefined;
  path: string;
  title?: string | undefined;
  referrer?: string | undefined;
  previous?: string | undefined;
  /** The start on the monotonic clock, which measures the lengths. */
  start: number;
  /** The start on the wall clock, which runs on in sleep and gives the visit's age. */
  began: number;
  /** The time from the start to the last look at the visible page. */
  elapsed: number;
  engaged: number;
  /** Set once the visit is over: the reason to report, or '' if the server's sweep ends the visit. */
  over?: EndReason | '';
  /** The server has acknowledged the visit. */
  known?: boolean;
  /** True if the server has not acknowledged the latest lengths. */
  dirty?: boolean;
  /** The owner's `sub`, once known. Only the owner's token may report the visit. */
  user?: string | undefined;
  /** True if the server could not take the last report. */
  failed?: boolean;
  /** The failures of this visit after which the server took another one. */
  strikes?: number;
}

/** The memory of one tab, kept from page to page. */
export interface Tab {
  id: string;
  /** The document that uses the tab now. */
  open?: string | undefined;
  /** The tab's newest visit. */
  last?: string | undefined;
  visits: Visit[];
}

const KEY = 'ronde.visits';
/** A tab keeps this many unsent visits and drops the oldest: a day offline must not fill the storage. */
const MAX_WAITING = 50;

/** Returns true if the server has not acknowledged all of the visit. */
export const isWaiting = (visit: Visit): boolean => !visit.known || !!visit.dirty || !!visit.over;

/** Returns true if the browser shows the page of the same tab again: after a reload, a crash or a discard. */
function isReloaded({ document, performance }: BrowserWindow): boolean {
  const [entry] = (performance.getEntriesByType?.('navigation') ?? []) as PerformanceNavigationTiming[];
  return entry?.type === 'reload' || !!(document as { wasDiscarded?: boolean }).wasDiscarded;
}

/** Opens the tab's memory in sessionStorage, or in this page alone if the browser forbids storage. */
export function tabMemory(w: BrowserWindow) {
  const page = newId(w);
  const read = (): Tab | null => {
    try {
      const tab = JSON.parse(w.sessionStorage.getItem(KEY) as string);
      return Array.isArray(tab.visits) ? tab : null;
    } catch {
      return null;
    }
  };
  const write = (tab: Tab) => {
    try {
      w.sessionStorage.setItem(KEY, JSON.stringify(tab));
    } catch {}
  };
  /** Stores the tab, unless another page has taken it. */
  const keep = (tab: Tab) => {
    const found = read();
    if (!found || found.open === page) write({ ...tab, visits: tab.visits.slice(-MAX_WAITING) });
  };
  return {
    /**
     * Takes the tab for this page. In the copied memory of a duplicated tab another page is still open, so the tab gets a
     * new id; the visits that wait are sent in any case, since another sender of them changes nothing. A page that the
     * back/forward cache returns (`back`) keeps its tab, although the page before is still open.
     */
    take(back?: boolean): Tab {
      const found = read();
      const same = found && (back || !found.open || isReloaded(w));
      const tab = same ? found : { id: newId(w), visits: found?.visits.filter(isWaiting) ?? [] };
      tab.open = page;
      write(tab);
      return tab;
    },
    keep,
    /** Leaves the tab and its unsent reports to the next page: a page that goes away receives no responses. */
    leave(tab: Tab): void {
      const isLost = (visit: Visit) => isWaiting(visit) && (!visit.known || !w.navigator.onLine);
      keep({ ...tab, open: undefined, visits: tab.visits.filter(isLost) });
    },
    /** Deletes the tab: the next visit belongs to another session. */
    forget(): void {
      try {
        w.sessionStorage.removeItem(KEY);
      } catch {}
    },
  };
}
