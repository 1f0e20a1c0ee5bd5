import type { BrowserWindow } from './clock.ts';
import { newId, toText } from './host.ts';
import type { Meter } from './meter.ts';
import type { EndReason, Visit } from './tab.ts';

/** The server accepts this many characters; longer texts are cut. */
const MAX_PATH = 2048;
const MAX_TITLE = 500;
/** A path that stands for a shorter time is a redirection, and no visit. */
const SETTLE_MS = 300;
/** The title is read again after this, and then after twice as long each time. */
const FIRST_TITLE_MS = 1_000;

/** The open visit of a document, and the visit that the next navigation may still make a redirection. */
export class OpenVisit {
  visit: Visit | undefined;
  /** The title that the page gives; undefined: the document's. */
  title: string | false | undefined;
  readonly #w: BrowserWindow;
  readonly #meter: Meter;
  /** Stores a visit from the moment that it counts. */
  readonly #store: (visit: Visit) => void;
  #referrer: string | undefined;
  #timer: number | undefined;

  constructor(w: BrowserWindow, meter: Meter, store: (visit: Visit) => void) {
    this.#w = w;
    this.#meter = meter;
    this.#store = store;
    this.#referrer = toText(w.document.referrer.split(/[?#]/)[0], MAX_PATH) || undefined;
  }

  begin(path: string): void {
    const visit: Visit = { id: newId(this.#w), path: toText(path, MAX_PATH), ...this.#start() };
    this.visit = visit;
    this.measure();
    this.#wait(SETTLE_MS, () => this.count());
  }

  /** Begins the open visit again: the time before belongs to no user. */
  restart(): void {
    Object.assign(this.visit as Visit, this.#start());
  }

  /** The visit counts: its path has stood long enough, or its page is hidden. */
  count(): void {
    const { visit } = this;
    if (!visit || visit.session) return;
    visit.referrer = this.#referrer;
    this.#referrer = undefined;
    this.#watchTitle(FIRST_TITLE_MS);
    this.#store(visit);
  }

  measure(): void {
    if (!this.#meter.measure(this.visit)) this.end('');
  }

  end(over: EndReason | ''): void {
    if (this.visit) this.visit.over = over;
    this.visit = undefined;
    this.#wait(0);
  }

  /** Measures the visit for the last time and ends it. */
  finish(over: EndReason): void {
    this.measure();
    this.end(over);
  }

  /** Marks the visit as having more to report. */
  mark(): void {
    if (this.visit) this.visit.dirty = true;
    this.readTitle();
  }

  readTitle(): void {
    const { visit } = this;
    const title =
      (this.title !== false && toText(this.title ?? this.#w.document.title, MAX_TITLE)) || undefined;
    if (visit && visit.title !== title) Object.assign(visit, { title, dirty: true });
  }

  #start() {
    const { clock } = this.#meter;
    return { start: clock.monotonic(), began: clock.wall(), elapsed: 0, engaged: 0 };
  }

  /** Reads the title now and then, since routers and data set it late. */
  #watchTitle(ms: number): void {
    this.readTitle();
    this.#wait(ms, () => this.#watchTitle(2 * ms));
  }

  /** Sets the one timer of the visit; without an action it only cancels it. */
  #wait(ms: number, act?: () => void): void {
    this.#w.clearTimeout(this.#timer);
    this.#timer = act && this.#w.setTimeout(act, ms);
  }
}
