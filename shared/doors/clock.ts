/** Returns the current instant. Only this file reads the wall clock; all other code gets a `Clock`, so tests set the time. */
export type Clock = () => Date;

/** Starts a stopwatch of real time, also in tests. The returned function gives the milliseconds since. */
export function stopwatch(): () => number {
  const begun = performance.now();
  return () => performance.now() - begun;
}

/** The machine's clock. */
export const systemClock: Clock = () => new Date();
