import type { GetToken } from './caller.ts';
import { type BrowserWindow, clockOf } from './clock.ts';
import { followHistory, followPage, isShown, type PageEvents } from './events.ts';
import { Outbox, type Sender, waits } from './outbox.ts';
import { type EndReason, type Tab, tabMemory, type Visit } from './tab.ts';

/** A visible page shows a sign of life this often. */
const HEARTBEAT_MS = 60_000;
/** Silence after which the server's sweep closes a visit; who comes back later begins a new one. */
const INACTIVE_MS = 30 * 60_000;
/** The greatest length of a visit. */
const MAX_VISIT_MS = 24 * 60 * 60_000;
/** A visible page is looked at with every heartbeat; a longer gap was the machine's sleep, and nobody's attention. */
const MAX_ENGAGED_STEP_MS = 2 * HEARTBEAT_MS;
/** What the server takes; longer texts are cut. */
const MAX_PATH = 2048;
const MAX_TITLE = 500;

export interface TrackOptions {
  /** The address of the visits function, `https://HOST/api/v1/visits`. */
  endpoint: string;
  /** Gives the user's token, best from memory; called with true after one was refused. Null: nobody is signed in. */
  getToken: GetToken;
  /**
   * The page's path, where the address does not tell it. Then `navigate` alone says when it changes; without it the
   * address's pathname counts, and pushState, replaceState and popstate are followed. The query is never reported.
   */
  path?: string | undefined;
  title?: string | undefined;
}

/** The visits of one document: measures the open one, and decides when one ends and the next begins. */
export class Tracker implements PageEvents, Sender {
  readonly endpoint: string;
  readonly getToken: GetToken;
  readonly clock;
  private readonly w: BrowserWindow;
  private readonly memory;
  private readonly out: Outbox;
  private readonly life = new AbortController();
  private state: Tab;
  private visit: Visit | undefined;
  private path: string;
  private title: string | undefined;
  private referrer: string | undefined;
  private shown = false;
  /** Since when the page has had the person's attention. */
  private engagedSince: number | undefined;
  /** The wall clock at the last look at the visible page. */
  private seen = 0;
  private gone = false;
  /** What it takes for the next visit to begin on the visible page: nothing, the person's attention, a navigation. */
  private needs: '' | 'focus' | 'navigation' = '';
  private timer: number | undefined;

  constructor({ endpoint, getToken, path, title }: TrackOptions, w: BrowserWindow) {
    this.endpoint = endpoint;
    this.getToken = getToken;
    this.w = w;
    this.clock = clockOf(w);
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

  /** Looks at what has changed since the last look; `beat`: a sign of life is due. */
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
   * A page that the back/forward cache returns is shown before this one says its last word; what it measured is then
   * found in the tab's memory, and told before the next visit closes this one.
   */
  leaving(): void {
    this.measure();
    if (this.visit) this.visit.dirty = true;
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
    this.state.visits = this.state.visits.filter((visit) => visit === this.visit || waits(visit));
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
    // Where a heartbeat has become due meanwhile, the person's return is one.
    if (this.clock.wall() - this.seen >= HEARTBEAT_MS) {
      this.measure();
      if (this.visit) this.visit.dirty = true;
    }
    this.out.retry();
  }

  private vanish(): void {
    this.seen = this.clock.wall();
    this.w.clearInterval(this.timer);
    if (this.visit) this.visit.dirty = true;
    this.memory.keep(this.state);
    this.out.hurry();
  }

  private report(): void {
    if (this.visit) this.visit.dirty = true;
    this.out.flush();
  }

  private begin(): void {
    const title = (this.title ?? this.w.document.title).slice(0, MAX_TITLE);
    this.visit = {
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
    this.referrer = undefined;
    this.state.last = this.visit.id;
    this.state.visits.push(this.visit);
    this.needs = '';
    this.measure();
    this.changed();
    this.out.flush();
  }

  /** Adds the time since the last look to the open visit, as far as the page was visible and had the focus. */
  private measure(): void {
    const now = this.clock.monotonic();
    const { visit } = this;
    if (visit && this.clock.wall() - this.seen > INACTIVE_MS) {
      // The sweep closes it at its last sign of life, whether it has come by already or not.
      this.over('');
    } else if (visit && this.shown) {
      visit.elapsed = Math.min(now - visit.start, MAX_VISIT_MS);
      visit.engaged += Math.min(now - (this.engagedSince ?? now), MAX_ENGAGED_STEP_MS);
      visit.engaged = Math.min(visit.engaged, visit.elapsed);
      if (visit.elapsed === MAX_VISIT_MS) {
        visit.dirty = true;
        this.over('');
      }
    }
    this.shown = isShown(this.w);
    this.engagedSince = this.shown && this.w.document.hasFocus() ? now : undefined;
  }

  private finish(over: EndReason): void {
    this.measure();
    this.over(over);
  }

  private over(over: EndReason | ''): void {
    if (this.visit) this.visit.over = over;
    this.visit = undefined;
  }

  /** Leaves the tab to its next page, with what that page must send: of a page that goes away no answer is heard. */
  private rest(): void {
    this.shown = false;
    this.w.clearInterval(this.timer);
    this.out.stop();
    const lost = (visit: Visit) => waits(visit) && (!visit.known || !this.w.navigator.onLine);
    this.memory.keep({ ...this.state, open: undefined }, this.state.visits.filter(lost));
  }
}
