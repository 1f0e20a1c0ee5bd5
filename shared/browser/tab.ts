import type { BrowserWindow } from './clock.ts';

/** Why the browser ends a visit. */
export type EndReason = 'navigated' | 'left' | 'logout';

/** A visit in the browser; `elapsed` and `engaged` are milliseconds. */
export interface Visit {
  id: string;
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

/** Opens the tab's memory in sessionStorage, or in this page alone if the browser forbids storage. */
export function tabMemory(w: BrowserWindow) {
  const page = w.crypto.randomUUID();
  const read = (): Tab | null => {
    try {
      return JSON.parse(w.sessionStorage.getItem(KEY) as string);
    } catch {
      return null;
    }
  };
  const write = (tab: Tab) => {
    try {
      w.sessionStorage.setItem(KEY, JSON.stringify(tab));
    } catch {}
  };
  return {
    /**
     * Takes the tab for this page. In the copied memory of a duplicated tab another page is still open, so the tab gets a
     * new id. A page that the back/forward cache returns (`back`) keeps its tab, although the page before is still open.
     */
    take(back?: boolean): Tab {
      const found = read();
      const tab = found && (back || !found.open) ? found : { id: w.crypto.randomUUID(), visits: [] };
      tab.open = page;
      write(tab);
      return tab;
    },
    /** Stores the tab, unless another page has taken it. */
    keep(tab: Tab, waiting: Visit[] = tab.visits): void {
      const found = read();
      if (!found || found.open === page) write({ ...tab, visits: waiting.slice(-MAX_WAITING) });
    },
    /** Deletes the tab: the next visit belongs to another session. */
    forget(): void {
      try {
        w.sessionStorage.removeItem(KEY);
      } catch {}
    },
  };
}
