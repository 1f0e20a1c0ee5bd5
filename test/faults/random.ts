/** A small seeded generator (mulberry32), so that a fault run can be repeated by its seed. Values are in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How many runs, and from which seed: RONDE_FAULT_RUNS and RONDE_FAULT_SEED, else a small sample of seed 1. */
export function faultRuns(sample: number): { runs: number; seed: number } {
  return {
    runs: Number(process.env.RONDE_FAULT_RUNS ?? sample),
    seed: Number(process.env.RONDE_FAULT_SEED ?? 1),
  };
}
