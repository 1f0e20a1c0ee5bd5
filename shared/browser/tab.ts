import type { BrowserWindow } from './clock.ts';

/** Why the browser ends a visit. */
export type EndReason = 'navigated' | 'left' | 'logout';

/** A visit as the browser knows it; `elapsed` and `engaged` are milliseconds. */
export interface Visit {
  id: string;
  path: string;
  title?: string | undefined;
  referrer?: string | undefined;
  previous?: string | undefined;
  /** On the monotonic clock, from which its lengths are measured. */
  start: number;
  /** On the wall clock, which goes on in sleep: how long ago it began is asked of this one. */
  began: number;
  /** From the start to the last instant at which the page was seen to be visible. */
  elapsed: number;
  engaged: number;
  /** Set once the visit is over: with a reason the server is told of the end, with '' it finds the end by itself. */
  over?: EndReason | '';
  /** The server has acknowledged the visit. */
  known?: boolean;
  /** There is more to tell than the server has acknowledged. */
  dirty?: boolean;
  /** Whose visit it is, once a token has told: nobody else's token reports it. */
  user?: string | undefined;
}

/** What one tab remembers from page to page. */
export interface Tab {
  id: string;
  /** The document that uses the tab now. */
  open?: string | undefined;
  /** The tab's newest visit. */
  last?: string | undefined;
  visits: Visit[];
}

const KEY = 'ronde.visits';
/** Visits that wait for the network; beyond, the oldest is given up: a day offline must not fill the storage. */
const MAX_WAITING = 50;

/** The tab's memory in sessionStorage, or in this page alone where the browser forbids storage. */
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
     * Takes the tab for this page. A duplicated tab comes with a copy of the memory in which another page is still
     * open: it gets an identity of its own. `back` is a page that the back/forward cache returns: it is shown before
     * the page that it replaces has said goodbye, and its tab is its own.
     */
    take(back?: boolean): Tab {
      const found = read();
      const tab = found && (back || !found.open) ? found : { id: w.crypto.randomUUID(), visits: [] };
      tab.open = page;
      write(tab);
      return tab;
    },
    /** Remembers the tab, unless another of its pages has taken over. */
    keep(tab: Tab, waiting: Visit[] = tab.visits): void {
      const found = read();
      if (!found || found.open === page) write({ ...tab, visits: waiting.slice(-MAX_WAITING) });
    },
    /** Forgets the tab: the next visit belongs to another session. */
    forget(): void {
      try {
        w.sessionStorage.removeItem(KEY);
      } catch {}
    },
  };
}
