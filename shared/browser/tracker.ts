import type { GetToken } from './caller.ts';
import type { BrowserWindow } from './clock.ts';
import { followHistory, followPage, isShown, type PageEvents } from './events.ts';
import type { TrackOptions } from './options.ts';
import { isWaiting, Outbox, type Sender } from './outbox.ts';
import { type EndReason, type Tab, tabMemory, type Visit } from './tab.ts';
import { HEARTBEAT_MS, VisitMeter } from './visit-meter.ts';

/** The server accepts this many characters; longer texts are cut. */
const MAX_PATH = 2048;
const MAX_TITLE = 500;

/** The visits of one document: decides when the open one ends and when the next begins. */
export class Tracker extends VisitMeter implements PageEvents, Sender {
  readonly endpoint: string;
  readonly getToken: GetToken;
  private readonly memory;
  private readonly out: Outbox;
  private readonly life = new AbortController();
  private state: Tab;
  private path: string;
  private title: string | undefined;
  private referrer: string | undefined;
  private gone = false;
  /** The next visit begins on the visible page after this: nothing, the person's attention, or a navigation. */
  private needs: '' | 'focus' | 'navigation' = '';
  private timer: number | undefined;

  constructor({ endpoint, getToken, path, title }: TrackOptions, w: BrowserWindow) {
    super(w);
    this.endpoint = endpoint;
    this.getToken = getToken;
    this.memory = tabMemory(w);
    this.state = this.memory.take();
    this.out = new Outbox(this, w);
    this.path = path ?? w.location.pathname;
    this.title = title;
    this.referrer = w.document.referrer.split(/[?#]/)[0]?.slice(0, MAX_PATH) || undefined;
    followPage(w, this, this.life.signal);
    if (path === undefined) followHistory(w, this, this.life.signal);
    this.look();
  }

  tab(): Tab {
    return this.state;
  }

  open(): boolean {
    return isShown(this.w) && !this.gone && !this.life.signal.aborted;
  }

  /** Acts on changes since the last look. `beat`: a sign of life is due. */
  look(beat = false): void {
    if (this.gone || this.life.signal.aborted) return;
    const wasShown = this.shown;
    this.measure();
    if (this.shown && !wasShown) this.appear();
    else if (wasShown && !this.shown) this.vanish();
    else if (beat) this.report();
    if (!this.shown) return;
    this.seen = this.clock.wall();
    const awaited = this.needs === 'navigation' || (this.needs === 'focus' && !this.w.document.hasFocus());
    if (!this.visit && !awaited) this.begin();
  }

  online(): void {
    this.out.retry();
  }

  moved(): void {
    // Routers set the title after the address.
    this.w.setTimeout(() => this.navigate(this.w.location.pathname));
  }

  navigate(path: string, title?: string): void {
    if (this.life.signal.aborted) return;
    if (path !== this.path) {
      this.finish('navigated');
      this.needs = '';
    }
    this.path = path;
    this.title = title;
    this.look();
  }

  /**
   * The back/forward cache shows its page before this page gets its last event. That page then finds this page's
   * measurements in the tab's memory, and reports them before its own visit closes this one.
   */
  leaving(): void {
    this.measure();
    this.mark();
    this.memory.keep(this.state);
  }

  leave(inSite: boolean): void {
    this.finish(inSite ? 'navigated' : 'left');
    this.gone = true;
    this.rest();
    this.out.hurry();
  }

  back(): void {
    this.gone = false;
    this.state = this.memory.take(true);
    this.look();
  }

  changed(): void {
    this.state.visits = this.state.visits.filter((visit) => visit === this.visit || isWaiting(visit));
    this.memory.keep(this.state);
  }

  refused(visit: Visit, renew: boolean): void {
    if (visit !== this.visit) return;
    this.visit = undefined;
    this.needs = renew ? 'focus' : 'navigation';
    this.look();
  }

  denied(): void {
    this.life.abort();
    this.rest();
  }

  async stop(over: EndReason = 'left'): Promise<void> {
    if (this.life.signal.aborted) return;
    this.finish(over);
    this.denied();
    await this.out.hurry();
  }

  async logout(): Promise<void> {
    await this.stop('logout');
    this.memory.forget();
  }

  private appear(): void {
    this.timer = this.w.setInterval(() => this.look(true), HEARTBEAT_MS);
    // If a heartbeat became due while the page was hidden, the person's return counts as one.
    if (this.clock.wall() - this.seen >= HEARTBEAT_MS) {
      this.measure();
      this.mark();
    }
    this.out.retry();
  }

  private vanish(): void {
    this.seen = this.clock.wall();
    this.w.clearInterval(this.timer);
    this.mark();
    this.memory.keep(this.state);
    this.out.hurry();
  }

  private report(): void {
    this.mark();
    this.out.flush();
  }

  private begin(): void {
    const title = (this.title ?? this.w.document.title).slice(0, MAX_TITLE);
    const visit: Visit = {
      id: this.w.crypto.randomUUID(),
      path: this.path.slice(0, MAX_PATH),
      title: title || undefined,
      referrer: this.referrer,
      previous: this.state.last,
      start: this.clock.monotonic(),
      began: this.clock.wall(),
      elapsed: 0,
      engaged: 0,
    };
    this.visit = visit;
    this.referrer = undefined;
    this.state.last = visit.id;
    this.state.visits.push(visit);
    this.needs = '';
    this.measure();
    this.changed();
    this.out.flush();
  }

  /** Leaves the tab and its unsent reports to the next page: a page that goes away receives no responses. */
  private rest(): void {
    this.shown = false;
    this.w.clearInterval(this.timer);
    this.out.stop();
    const lost = (visit: Visit) => isWaiting(visit) && (!visit.known || !this.w.navigator.onLine);
    this.memory.keep({ ...this.state, open: undefined }, this.state.visits.filter(lost));
  }
}
