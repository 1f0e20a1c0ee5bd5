/** The only place that reads the wall clock. Everything else is handed a `Clock`, so tests move time by hand. */
export type Clock = () => Date;

/** The machine's own clock. */
export const systemClock: Clock = () => new Date();
