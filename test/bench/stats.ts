/** The median and the spread of some samples. */
export interface SampleSummary {
  median: number;
  min: number;
  max: number;
}

/**
 * Returns the middle sample, or the mean of the two in the middle. Returns NaN without samples, which meets no
 * target.
 */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  if (sorted.length % 2 === 1) return upper;
  return ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Returns the median and the extremes. One sample that is not a number makes all three NaN, so that it cannot hide.
 */
export function summarize(samples: readonly number[]): SampleSummary {
  if (samples.length === 0 || samples.some(Number.isNaN))
    return { median: Number.NaN, min: Number.NaN, max: Number.NaN };
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples) };
}

/**
 * Returns the ratio of both sides per round. The sides of one round share its noise, so that this ratio is steadier
 * than that of the medians.
 * Throws if the numbers of rounds differ.
 */
export function pairedRatios(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) {
    throw new Error(
      `${ours.length} rounds of one side and ${theirs.length} of the other; measure both in each`,
    );
  }
  return ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
}
