import { type BrowserClock, type BrowserWindow, clockOf } from './clock.ts';
import { followInput, isShown } from './events.ts';
import type { Visit } from './tab.ts';

/** A visible page shows a sign of life this often. */
export const HEARTBEAT_MS = 60_000;
/** The server's sweep closes a visit after this much silence; a later return begins a new one. */
const INACTIVE_MS = 30 * 60_000;
/** The greatest length of a visit. */
const MAX_VISIT_MS = 24 * 60 * 60_000;
/** Every heartbeat measures a visible page; in a longer gap the machine slept, and had nobody's attention. */
const MAX_ENGAGED_STEP_MS = 2 * HEARTBEAT_MS;

/** Measures the open visit of one document. */
export class Meter {
  shown = false;
  /** The wall clock at the last look at the visible page. */
  seen = 0;
  readonly clock: BrowserClock;
  readonly #w: BrowserWindow;
  readonly #idleMs: number;
  /** The monotonic clock since which the page has had the person's attention. */
  #engagedSince: number | undefined;
  /** The monotonic clock at the last input. */
  #input = 0;

  constructor(w: BrowserWindow, idleMs: number, signal: AbortSignal) {
    this.#w = w;
    this.#idleMs = idleMs;
    this.clock = clockOf(w);
    followInput(w, () => this.attend(), signal);
  }

  /** The person is there. */
  attend(): void {
    this.#input = this.clock.monotonic();
  }

  /**
   * Adds the time since the last look to the visit, as far as the page was visible, had the focus, and had an input not long
   * ago. Returns false if the visit is over.
   */
  measure(visit: Visit | undefined): boolean {
    const now = this.clock.monotonic();
    let open = true;
    if (visit && this.clock.wall() - this.seen > INACTIVE_MS) {
      // The sweep closes it at its last sign of life; it may have done so already.
      open = false;
    } else if (visit && this.shown) {
      visit.elapsed = Math.min(now - visit.start, MAX_VISIT_MS);
      const attended = Math.min(now, this.#input + this.#idleMs) - (this.#engagedSince ?? now);
      const step = Math.min(Math.max(attended, 0), MAX_ENGAGED_STEP_MS);
      visit.engaged = Math.min(visit.engaged + step, visit.elapsed);
      if (visit.elapsed === MAX_VISIT_MS) {
        visit.dirty = true;
        open = false;
      }
    }
    this.shown = isShown(this.#w);
    this.#engagedSince = this.shown && this.#w.document.hasFocus() ? now : undefined;
    return open;
  }
}
