/** The only place that reads the wall clock. Everything else is handed a `Clock`, so tests move time by hand. */
export type Clock = () => Date;

/** Measures a span of real time, whatever a clock of tests says: the function it gives tells the milliseconds so far. */
export function stopwatch(): () => number {
  const begun = performance.now();
  return () => performance.now() - begun;
}

/** The machine's own clock. */
export const systemClock: Clock = () => new Date();
