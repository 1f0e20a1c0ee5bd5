/**
 * Preloaded into a function process (`node --import`), it puts the process's clock ahead by CLOCK_AHEAD_MS, as another
 * machine's may be: what takes a minute in the world need not take one in a fault run. The clock goes on from there.
 */
export const AHEAD = import.meta.url;

const aheadMs = Number(process.env.CLOCK_AHEAD_MS ?? 0);
if (aheadMs !== 0) {
  const { now } = Date;
  Date.now = () => now() + aheadMs;
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now() + aheadMs] : args, newTarget),
  });
}
