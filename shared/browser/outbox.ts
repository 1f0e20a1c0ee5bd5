import { Caller, Denied, type GetToken } from './caller.ts';
import type { BrowserClock, BrowserWindow } from './clock.ts';
import type { Tab, Visit } from './tab.ts';

/** The wait after the first failure. Each further one doubles it up to the maximum; half of it is random. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** The page that an outbox sends for. */
export interface Sender {
  endpoint: string;
  getToken: GetToken;
  clock: BrowserClock;
  tab(): Tab;
  /** True if a request may leave now; a hidden page sends nothing. */
  open(): boolean;
  /** The outbox settled a report, or gave it up. */
  changed(): void;
  /** The server refused the visit. `renew`: it would accept another in its place. */
  refused(visit: Visit, renew: boolean): void;
  /** The server refused the token; the outbox sends nothing more. */
  denied(): void;
}

/**
 * Returns a request body. Until the server acknowledges the visit, every report carries all its data, and `age_ms` places
 * it in time.
 */
const toReport = (visit: Visit, starts: boolean, session: string, now: number) => ({
  ...(starts && { visit_id: visit.id, previous_visit_id: visit.previous }),
  ...(!visit.known && {
    session_id: session,
    path: visit.path,
    title: visit.title,
    referrer: visit.referrer,
    age_ms: Math.max(now - visit.began, visit.elapsed),
  }),
  elapsed_ms: visit.elapsed,
  engaged_ms: visit.engaged,
  reason: (!starts && visit.over) || undefined,
});

/** Returns true if the server has not acknowledged all of the visit. */
export const isWaiting = (visit: Visit): boolean => !visit.known || !!visit.dirty || !!visit.over;

/** Sends the reports of a tab's visits, one after the other, until the server has acknowledged all. */
export class Outbox {
  private busy = false;
  private failures = 0;
  private timer: number | undefined;
  private readonly from: Sender;
  private readonly caller: Caller;
  private readonly w: BrowserWindow;

  constructor(from: Sender, w: BrowserWindow) {
    this.from = from;
    this.caller = new Caller(from.getToken, w);
    this.w = w;
  }

  /** Sends the waiting reports, unless a retry is scheduled. */
  async flush(): Promise<void> {
    if (this.busy || this.timer) return;
    this.busy = true;
    try {
      for (let visit = this.next(); visit; visit = this.next()) {
        await this.caller.authorize();
        if (!this.from.open()) break;
        await this.send(visit, !visit.known);
        this.failures = 0;
        this.from.changed();
      }
    } catch (error) {
      this.failed(error);
    }
    this.busy = false;
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
    const reports = this.from
      .tab()
      .visits.filter(isWaiting)
      .flatMap((visit) => [...(visit.known ? [] : [this.send(visit, true)]), this.send(visit, false)]);
    await Promise.allSettled(reports);
    this.from.changed();
  }

  /** Cancels the scheduled retry. */
  stop(): void {
    this.w.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private next(): Visit | undefined {
    return this.from.open() ? this.from.tab().visits.find(isWaiting) : undefined;
  }

  private failed(error: unknown): void {
    if (error instanceof Denied) {
      this.from.denied();
      return;
    }
    const wait = Math.min(FIRST_RETRY_MS * 2 ** this.failures++, MAX_RETRY_MS);
    this.timer = this.w.setTimeout(() => this.retry(), wait * (0.5 + this.w.Math.random() / 2));
  }

  /** Sends one report. Throws if it must be sent again. */
  private async send(visit: Visit, starts: boolean): Promise<void> {
    const user = this.caller.claims().sub;
    visit.user ??= user;
    if (visit.user !== user) {
      this.giveUp(visit, true);
      return;
    }
    const { over } = visit;
    visit.dirty = false;
    let status = 0;
    try {
      status = await this.post(visit, starts);
    } finally {
      if (status < 200 || status > 299) visit.dirty = true;
    }
    if (status === 408 || status === 429 || status > 499) throw new Error();
    if (status > 299) {
      this.giveUp(visit, !starts && (status === 409 || status === 404));
      return;
    }
    visit.known = true;
    if (!starts && over) visit.over = '';
  }

  private giveUp(visit: Visit, renew: boolean): void {
    Object.assign(visit, { over: '', known: true, dirty: false });
    this.from.refused(visit, renew);
  }

  private async post(visit: Visit, starts: boolean): Promise<number> {
    const { from } = this;
    const action = starts ? '' : `/${visit.id}/${visit.over ? 'end' : 'heartbeat'}`;
    const body = () => toReport(visit, starts, from.tab().id, from.clock.wall());
    const { status } = await this.caller.post(from.endpoint + action, body);
    return status;
  }
}
