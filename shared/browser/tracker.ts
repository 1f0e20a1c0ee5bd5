import type { BrowserClock, BrowserWindow } from './clock.ts';
import { followHistory, followPage, isShown, type PageEvents, toAddress } from './events.ts';
import { shield } from './host.ts';
import { HEARTBEAT_MS, Meter } from './meter.ts';
import { OpenVisit } from './open-visit.ts';
import { IDLE_MINUTES, type TrackOptions } from './options.ts';
import { Outbox, type Sender } from './outbox.ts';
import { isWaiting, type Tab, tabMemory, type Visit } from './tab.ts';

/** The visits of one document. */
export class Tracker implements PageEvents, Sender {
  readonly clock: BrowserClock;
  readonly #options: TrackOptions;
  readonly #w: BrowserWindow;
  readonly #memory;
  readonly #meter: Meter;
  readonly #open: OpenVisit;
  readonly #out: Outbox;
  readonly #life = new AbortController();
  #state: Tab;
  #path: string;
  #gone = false;
  /** The next visit begins on the visible page after this: nothing, the person's attention, or a navigation. */
  #needs: '' | 'focus' | 'navigation' = '';
  #beats: number | undefined;

  constructor(options: TrackOptions, w: BrowserWindow) {
    this.#options = options;
    this.#w = w;
    this.#memory = tabMemory(w);
    this.#state = this.#memory.take();
    this.#meter = new Meter(w, (options.idleMinutes ?? IDLE_MINUTES) * 60_000, this.#life.signal);
    this.clock = this.#meter.clock;
    this.#open = new OpenVisit(w, this.#meter, (visit) => this.#store(visit));
    this.#out = new Outbox(this, options, w);
    this.#path = options.path ?? toAddress(this.#w);
    this.#open.title = options.title;
    followPage(w, this, this.#life.signal);
    if (options.path === undefined) followHistory(w, this, this.#life.signal);
    this.look();
  }

  tab(): Tab {
    return this.#state;
  }

  open(): boolean {
    return isShown(this.#w) && !this.#gone && !this.#life.signal.aborted;
  }

  /** Acts on changes since the last look. `beat`: a sign of life is due. */
  look(beat = false): void {
    if (this.#gone || this.#life.signal.aborted) return;
    const { shown: wasShown } = this.#meter;
    this.#open.measure();
    const { shown } = this.#meter;
    if (shown && !wasShown) this.#appear();
    else if (wasShown && !shown) this.#vanish();
    else if (beat) this.#open.mark();
    if (!shown) return;
    this.#meter.seen = this.clock.wall();
    const waits = this.#needs === 'focus' ? !this.#w.document.hasFocus() : this.#needs;
    if (!this.#open.visit && !waits) this.#begin();
    this.#out.flush();
  }

  online(): void {
    this.#out.retry();
  }

  moved(): void {
    this.navigate(toAddress(this.#w), this.#options.title);
  }

  navigate(path: string, title?: string | false): void {
    if (this.#life.signal.aborted) return;
    if (path !== this.#path) {
      this.#open.finish('navigated');
      this.#path = path;
      this.#meter.attend();
      this.#needs = '';
      this.#out.stop();
    }
    this.#open.title = title;
    this.look();
  }

  /**
   * The back/forward cache shows its page before this page gets its last event. That page then finds this page's
   * measurements in the tab's memory, and reports them before its own visit closes this one.
   */
  leaving(): void {
    this.#open.measure();
    this.#open.mark();
    this.#memory.keep(this.#state);
  }

  leave(inSite: boolean): void {
    this.#open.finish(inSite ? 'navigated' : 'left');
    this.#gone = true;
    this.#rest();
    this.#out.hurry();
  }

  back(): void {
    this.#gone = false;
    this.#state = this.#memory.take(true);
    this.look();
  }

  changed(): void {
    const { visit: open } = this.#open;
    this.#state.visits = this.#state.visits.filter((visit) => visit === open || isWaiting(visit));
    this.#memory.keep(this.#state);
  }

  refused(visit: Visit, renew: boolean): void {
    if (visit !== this.#open.visit) return;
    this.#open.end('');
    this.#needs = renew ? 'focus' : 'navigation';
    this.look();
  }

  /** Time without a sign-in belongs to no user: those visits go, and the open one begins again. */
  absent(): void {
    const { visit: open } = this.#open;
    this.#state.visits = this.#state.visits.filter((visit) => visit.user !== undefined || visit === open);
    if (open && open.user === undefined) this.#open.restart();
    this.changed();
  }

  async stop(): Promise<void> {
    if (this.#life.signal.aborted) return;
    this.#open.finish('left');
    this.#life.abort();
    this.#rest();
    await this.#out.hurry();
  }

  /** Somebody signed in: their visit begins now. */
  login(): void {
    this.#out.caller.begin();
    if (this.#open.visit?.user === undefined) this.absent();
    this.look();
    this.#out.retry();
  }

  /** Ends the session of the tab. The next one begins with the next sign-in. */
  async logout(): Promise<void> {
    this.#open.finish('logout');
    const sent = this.#out.hurry();
    this.#out.caller.end();
    this.#memory.forget();
    await sent;
    this.#state = this.#memory.take();
    this.look();
  }

  #begin(): void {
    const { mapPath } = this.#options;
    const path = mapPath ? (shield(this.#w, () => mapPath(this.#path)) ?? null) : this.#path;
    this.#needs = path === null ? 'navigation' : '';
    if (path !== null) this.#open.begin(path);
  }

  #store(visit: Visit): void {
    Object.assign(visit, { session: this.#state.id, previous: this.#state.last });
    this.#state.last = visit.id;
    this.#state.visits.push(visit);
    this.changed();
    this.#out.flush();
  }

  #appear(): void {
    this.#meter.attend();
    this.#beats = this.#w.setInterval(() => this.look(true), HEARTBEAT_MS);
    // If a heartbeat became due while the page was hidden, the person's return counts as one.
    if (this.clock.wall() - this.#meter.seen >= HEARTBEAT_MS) {
      this.#open.measure();
      this.#open.mark();
    }
    this.#out.stop();
  }

  #vanish(): void {
    this.#meter.seen = this.clock.wall();
    this.#w.clearInterval(this.#beats);
    this.#open.count();
    this.#open.mark();
    this.#memory.keep(this.#state);
    this.#out.hurry();
  }

  #rest(): void {
    this.#meter.shown = false;
    this.#w.clearInterval(this.#beats);
    this.#out.stop();
    this.#memory.leave(this.#state);
  }
}
