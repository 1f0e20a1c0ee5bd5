import { type BrowserClock, type BrowserWindow, clockOf } from './clock.ts';
import { isShown } from './events.ts';
import type { EndReason, Visit } from './tab.ts';

/** A visible page shows a sign of life this often. */
export const HEARTBEAT_MS = 60_000;
/** The server's sweep closes a visit after this much silence; a later return begins a new one. */
const INACTIVE_MS = 30 * 60_000;
/** The greatest length of a visit. */
const MAX_VISIT_MS = 24 * 60 * 60_000;
/** Every heartbeat measures a visible page; in a longer gap the machine slept, and had nobody's attention. */
const MAX_ENGAGED_STEP_MS = 2 * HEARTBEAT_MS;

/** Measures the open visit of one document. */
export abstract class VisitMeter {
  protected visit: Visit | undefined;
  protected shown = false;
  /** The wall clock at the last look at the visible page. */
  protected seen = 0;
  /** The monotonic clock since which the page has had the person's attention. */
  private engagedSince: number | undefined;
  readonly clock: BrowserClock;
  protected readonly w: BrowserWindow;

  constructor(w: BrowserWindow) {
    this.w = w;
    this.clock = clockOf(w);
  }

  /** Adds the time since the last look to the open visit, as far as the page was visible and had the focus. */
  protected measure(): void {
    const now = this.clock.monotonic();
    const { visit } = this;
    if (visit && this.clock.wall() - this.seen > INACTIVE_MS) {
      // The sweep closes it at its last sign of life; it may have done so already.
      this.end('');
    } else if (visit && this.shown) {
      visit.elapsed = Math.min(now - visit.start, MAX_VISIT_MS);
      const step = Math.min(now - (this.engagedSince ?? now), MAX_ENGAGED_STEP_MS);
      visit.engaged = Math.min(visit.engaged + step, visit.elapsed);
      if (visit.elapsed === MAX_VISIT_MS) {
        visit.dirty = true;
        this.end('');
      }
    }
    this.shown = isShown(this.w);
    this.engagedSince = this.shown && this.w.document.hasFocus() ? now : undefined;
  }

  /** Marks the open visit as having more to report. */
  protected mark(): void {
    if (this.visit) this.visit.dirty = true;
  }

  /** Measures the open visit for the last time and ends it. */
  protected finish(over: EndReason): void {
    this.measure();
    this.end(over);
  }

  private end(over: EndReason | ''): void {
    if (this.visit) this.visit.over = over;
    this.visit = undefined;
  }
}
