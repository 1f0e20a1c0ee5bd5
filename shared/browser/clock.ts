/** The window that the code runs in; tests hand over one of their own. */
export type BrowserWindow = Window & typeof globalThis;

/** The only place of the browser's code that reads a clock. */
export interface BrowserClock {
  /**
   * Milliseconds of a monotonic clock, on a scale that the pages of a tab share. Nobody who sets the machine's clock
   * moves it; in a machine's sleep it may stand still.
   */
  monotonic(): number;
  /** Milliseconds of the wall clock: it goes on in sleep, and may jump. It never measures a visit's length. */
  wall(): number;
}

/** The clocks of a window. */
export function clockOf(w: BrowserWindow): BrowserClock {
  return {
    monotonic: () => w.performance.timeOrigin + w.performance.now(),
    wall: () => w.Date.now(),
  };
}
