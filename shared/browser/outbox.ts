import { Caller, Denied, type GetToken } from './caller.ts';
import type { BrowserClock, BrowserWindow } from './clock.ts';
import type { Tab, Visit } from './tab.ts';

/** The wait after the first failure, doubled with each further one up to the greatest; half of it is left to chance. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** What the outbox asks of the page that it sends for. */
export interface Sender {
  endpoint: string;
  getToken: GetToken;
  clock: BrowserClock;
  tab(): Tab;
  /** Whether a request may leave now: never from a hidden page. */
  open(): boolean;
  /** Something was acknowledged or given up. */
  changed(): void;
  /** The server does not take the visit, or no longer; `renew`: it would take another in its place. */
  refused(visit: Visit, renew: boolean): void;
  /** The token is refused: nothing more will be sent. */
  denied(): void;
}

/**
 * What the server is told. A visit that it may not know yet is told in full, whatever the kind of the report, so that a
 * lost start loses nothing; `age_ms` places it in time when the report was kept back.
 */
const report = (visit: Visit, starts: boolean, session: string, now: number) => ({
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

/** Whether the server has yet to hear of the visit. */
export const waits = (visit: Visit): boolean => !visit.known || !!visit.dirty || !!visit.over;

/** Sends what the visits of a tab have to tell, one after the other, until the server has acknowledged all of it. */
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

  /** Sends what waits, unless a failure is being waited out. */
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

  /** Tries again at once: the network is back, or the person is. */
  retry(): Promise<void> {
    this.stop();
    return this.flush();
  }

  /** The last chance before the page is hidden or gone: everything at once, with the token that is at hand. */
  async hurry(): Promise<void> {
    this.stop();
    if (!this.caller.token) await this.caller.authorize().catch(() => undefined);
    if (!this.caller.token) return;
    const reports = this.from
      .tab()
      .visits.filter(waits)
      .flatMap((visit) => [...(visit.known ? [] : [this.send(visit, true)]), this.send(visit, false)]);
    await Promise.allSettled(reports);
    this.from.changed();
  }

  /** Gives up waiting for another try. */
  stop(): void {
    this.w.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private next(): Visit | undefined {
    return this.from.open() ? this.from.tab().visits.find(waits) : undefined;
  }

  private failed(error: unknown): void {
    if (error instanceof Denied) {
      this.from.denied();
      return;
    }
    const wait = Math.min(FIRST_RETRY_MS * 2 ** this.failures++, MAX_RETRY_MS);
    this.timer = this.w.setTimeout(() => this.retry(), wait * (0.5 + this.w.Math.random() / 2));
  }

  /** Sends one report; throws when it must be tried again. */
  private async send(visit: Visit, starts: boolean): Promise<void> {
    const user = this.caller.claims().sub;
    visit.user ??= user;
    if (visit.user !== user) {
      this.giveUp(visit, true);
      return;
    }
    const told = visit.over;
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
    if (!starts && told) visit.over = '';
  }

  private giveUp(visit: Visit, renew: boolean): void {
    Object.assign(visit, { over: '', known: true, dirty: false });
    this.from.refused(visit, renew);
  }

  private async post(visit: Visit, starts: boolean): Promise<number> {
    const { from } = this;
    const action = starts ? '' : `/${visit.id}/${visit.over ? 'end' : 'heartbeat'}`;
    const body = () => report(visit, starts, from.tab().id, from.clock.wall());
    const { status } = await this.caller.post(from.endpoint + action, body);
    return status;
  }
}
