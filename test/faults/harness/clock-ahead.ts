/**
 * Preload of a function process (`node --import`) that puts its clock ahead by CLOCK_AHEAD_MS, like another machine's
 * clock. A fault run then need not wait for minutes to pass.
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
