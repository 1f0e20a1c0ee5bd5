import { Caller, NoToken } from './caller.ts';
import type { BrowserClock, BrowserWindow } from './clock.ts';
import type { TrackOptions } from './options.ts';
import { isWaiting, type Tab, type Visit } from './tab.ts';

/** The wait after the first failure. Each further one doubles it up to the maximum; half of it is random. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** After this many failures, each followed by the success of another visit, a visit is given up. */
const MAX_STRIKES = 5;

/** The page that an outbox sends for. */
export interface Sender {
  clock: BrowserClock;
  tab(): Tab;
  /** True if a request may leave now; a hidden page sends nothing. */
  open(): boolean;
  /** The outbox settled a report, or gave it up. */
  changed(): void;
  /** The server refused the visit. `renew`: it would accept another in its place. */
  refused(visit: Visit, renew: boolean): void;
  /** Nobody is signed in. */
  absent(): void;
}

/**
 * Returns a request body. Until the server acknowledges the visit, every report carries all its data, and `age_ms` places
 * it in time. Every report carries the title, which may come late.
 */
const toReport = (visit: Visit, starts: boolean, tab: string, now: number) => ({
  ...(starts && { visit_id: visit.id, previous_visit_id: visit.previous }),
  ...(!visit.known && {
    session_id: visit.session ?? tab,
    path: visit.path,
    referrer: visit.referrer,
    age_ms: Math.max(now - visit.began, visit.elapsed),
  }),
  title: visit.title,
  elapsed_ms: visit.elapsed,
  engaged_ms: visit.engaged,
  reason: (!starts && visit.over) || undefined,
});

/** Sends the reports of a tab's visits, one after the other, until the server has acknowledged all. */
export class Outbox {
  readonly caller: Caller;
  #busy = false;
  #failures = 0;
  #timer: number | undefined;
  readonly #from: Sender;
  readonly #endpoint: string;
  readonly #w: BrowserWindow;

  constructor(from: Sender, { endpoint, getToken }: TrackOptions, w: BrowserWindow) {
    this.#from = from;
    this.#endpoint = endpoint;
    this.caller = new Caller(getToken, w);
    this.#w = w;
  }

  /** Sends the waiting reports, unless a retry is scheduled. A visit that failed does not hold up the others. */
  async flush(): Promise<void> {
    if (this.#busy || this.#timer) return;
    this.#busy = true;
    let misses = 0;
    try {
      for (let visit = this.#next(); visit; visit = this.#next()) {
        await this.caller.authorize();
        if (!this.#from.open()) break;
        const sent = await this.#send(visit, !visit.known);
        misses = sent ? 0 : misses + 1;
        if (sent) this.#failures = 0;
        // Two visits in a row that failed: the server is at fault.
        else if (misses > 1 || this.#next()?.failed) throw new Error();
        this.#from.changed();
      }
    } catch (error) {
      if (error instanceof NoToken) this.#from.absent();
      const wait = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, MAX_RETRY_MS);
      this.#timer = this.#w.setTimeout(() => this.retry(), wait * (0.5 + this.#w.Math.random() / 2));
    }
    this.#busy = false;
  }

  /** Retries at once: the network or the person is back. */
  retry(): Promise<void> {
    this.stop();
    return this.flush();
  }

  /** Sends everything at once with the last token, before the page is hidden or gone. */
  async hurry(): Promise<void> {
    this.stop();
    if (!this.caller.token) await this.caller.authorize().catch(() => undefined);
    if (!this.caller.token) return;
    const reports = this.#from
      .tab()
      .visits.filter(isWaiting)
      .flatMap((visit) => [...(visit.known ? [] : [this.#send(visit, true)]), this.#send(visit, false)]);
    await Promise.allSettled(reports);
    this.#from.changed();
  }

  /** Cancels the scheduled retry. */
  stop(): void {
    this.#w.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The next visit to send: one that failed comes after the others. */
  #next(): Visit | undefined {
    const waiting = this.#from.open() ? this.#from.tab().visits.filter(isWaiting) : [];
    return waiting.find(({ failed }) => !failed) ?? waiting[0];
  }

  /** Sends one report. Returns false if the server could not take it, and throws if it did not get there. */
  async #send(visit: Visit, starts: boolean): Promise<boolean> {
    const user = this.caller.claims().sub;
    visit.user ??= user;
    if (visit.user !== user) {
      this.#giveUp(visit, true);
      return true;
    }
    const { over } = visit;
    visit.dirty = false;
    let status = 0;
    try {
      status = await this.#post(visit, starts);
    } finally {
      if (status < 200 || status > 299) visit.dirty = true;
    }
    visit.failed = status === 408 || status === 429 || status > 499;
    if (visit.failed) return false;
    if (status > 299) {
      this.#giveUp(visit, !starts && (status === 409 || status === 404));
      return true;
    }
    visit.known = true;
    if (!starts && over) visit.over = '';
    this.#strike();
    return true;
  }

  /** The server takes visits: one that failed before may be at fault itself. */
  #strike(): void {
    for (const visit of this.#from.tab().visits) {
      if (!visit.failed) continue;
      visit.failed = false;
      visit.strikes = (visit.strikes ?? 0) + 1;
      if (visit.strikes === MAX_STRIKES) this.#giveUp(visit, false);
    }
  }

  #giveUp(visit: Visit, renew: boolean): void {
    Object.assign(visit, { over: '', known: true, dirty: false });
    this.#from.refused(visit, renew);
  }

  async #post(visit: Visit, starts: boolean): Promise<number> {
    const from = this.#from;
    const action = starts ? '' : `/${visit.id}/${visit.over ? 'end' : 'heartbeat'}`;
    const body = () => toReport(visit, starts, from.tab().id, from.clock.wall());
    const { status } = await this.caller.post(this.#endpoint + action, body);
    return status;
  }
}
