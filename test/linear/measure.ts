/** A family of hostile texts: about `size` characters of one form. */
export interface Family {
  name: string;
  make(size: number): string;
}

/** The growth of a reader's CPU time over a family. `ratio` is the largest per doubling, a mean of two doublings. */
export interface Growth {
  ratio: number;
  /** Milliseconds of CPU time at each size that was measured. */
  times: { size: number; ms: number }[];
}

type Read = (text: string) => unknown;

/** Time that is above the clock's noise: shorter ones prove nothing, and harm nobody. */
const FLOOR_MS = 10;
/** A linear reader doubles its time, and a quadratic one takes four times as long. */
export const MAX_RATIO = 3;
/** A ratio, and a time at the longer text, from which both times are taken precisely: one short time alone may be off by half. */
const SUSPICIOUS_RATIO = 2.2;
const NOTABLE_MS = 60;
/** A precise time repeats the reader for this long. The kernel counts CPU time in steps of 4 ms. */
const PRECISE_MS = 40;
/** Precise times of a ratio that is too large are taken again this often: a busy machine compiles a reader late. */
const RETRIES = 12;
/** A text begins this short, so that even a cubic reader shows itself before it hangs the test. */
const FIRST_SIZE = 64;
/** A time from which a ratio tells something. */
const TELLING_MS = 300;
/** A single time this long is no disturbance. */
const CERTAIN_MS = 2_000;

/** Measures the CPU time of this thread per call, over calls that take `leastMs` together. Waiting for a core does not count. */
async function timeOf(read: Read, text: string, leastMs = 0): Promise<number> {
  const before = process.threadCpuUsage();
  for (let calls = 1; ; calls += 1) {
    await read(text);
    const { user, system } = process.threadCpuUsage(before);
    const ms = (user + system) / 1_000;
    if (ms >= leastMs) return ms / calls;
  }
}

/**
 * Measures how a reader's time grows while a text doubles up to `cap` characters. It judges three sizes, n, 2n and 4n, at
 * the cap and from TELLING_MS on, and stops at the first ratio above MAX_RATIO: a quadratic reader costs little.
 */
export async function growthOf(read: Read, { make }: Family, cap: number): Promise<Growth> {
  const growth: Growth = { ratio: 0, times: [] };
  for (let step = Math.max(0, Math.floor(Math.log2(cap / FIRST_SIZE))); step >= 0; step -= 1) {
    const size = Math.ceil(cap / 2 ** step);
    const ms = await timeOf(read, make(size));
    growth.times.push({ size, ms });
    const [first, , last] = growth.times.slice(-3);
    if (!first || !last || last.ms < (step === 0 ? FLOOR_MS : TELLING_MS)) continue;
    await settle(read, make, [first, last]);
    growth.ratio = Math.max(growth.ratio, ratioOf(first, last));
    if (growth.ratio >= MAX_RATIO) return growth;
  }
  return growth;
}

type Time = Growth['times'][number];

/** Two doublings even out what disturbs one of them. */
const ratioOf = (first: Time, last: Time) => Math.sqrt(last.ms / Math.max(first.ms, Number.EPSILON));

/** Takes two suspicious times precisely, again while their ratio is too large, and keeps the least of each. */
async function settle(
  read: Read,
  make: (size: number) => string,
  times: readonly [Time, Time],
): Promise<void> {
  const [first, last] = times;
  const isSuspicious = last.ms >= NOTABLE_MS || ratioOf(first, last) >= SUSPICIOUS_RATIO;
  if (last.ms >= CERTAIN_MS || !isSuspicious) return;
  for (const time of times) time.ms = Number.POSITIVE_INFINITY;
  let retry = 0;
  do {
    for (const time of times) time.ms = Math.min(time.ms, await timeOf(read, make(time.size), PRECISE_MS));
    retry += 1;
  } while (retry < RETRIES && ratioOf(first, last) >= MAX_RATIO);
}
