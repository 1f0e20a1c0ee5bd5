/** The window that the code runs in; tests pass a simulated one. */
export type BrowserWindow = Window & typeof globalThis;

/** The clocks of a browser. No other code of the client reads a clock. */
export interface BrowserClock {
  /**
   * Milliseconds of a monotonic clock, on a scale that the pages of a tab share. Setting the machine's clock does not move
   * it; it may stand still while the machine sleeps.
   */
  monotonic(): number;
  /** Milliseconds of the wall clock: it runs on in sleep, and may jump. No visit's length is measured by it. */
  wall(): number;
}

/** Returns the clocks of a window. */
export function clockOf(w: BrowserWindow): BrowserClock {
  return {
    monotonic: () => w.performance.timeOrigin + w.performance.now(),
    wall: () => w.Date.now(),
  };
}
