import { describe, expect, it } from 'vitest';
import { BEYOND, CASES, KEPT } from './cases.ts';
import { describeWalk, explore, exploreRandomly, walk } from './explorer.ts';
import { MUTANTS } from './mutants.ts';

/** `npm run check:protocols` tries them all. Another SEED takes other walks, and other mutants. */
const SEED = Number(process.env.SEED ?? 1);
const WALKS = 8;
const SAMPLED_MUTANTS = 3;
const LIMIT = 3_000;

const sampled = Array.from({ length: SAMPLED_MUTANTS }, (_, index) => {
  const place = (SEED + index * Math.floor(MUTANTS.length / SAMPLED_MUTANTS)) % MUTANTS.length;
  return MUTANTS[place] as (typeof MUTANTS)[number];
});

describe('a protocol', () => {
  it.each([...CASES, ...BEYOND])('$protocol.name keeps its promises on sampled walks', async (one) => {
    const { failure } = await exploreRandomly(one.protocol, one.bounds, { seed: SEED, walks: WALKS });
    expect(failure ? `seed ${SEED}\n${describeWalk(failure)}` : null).toBeNull();
  });

  it.each(KEPT)('keeps its promises when $name', async ({ protocol, bounds, picks }) => {
    const done = await walk(protocol, bounds, (_width, step) => picks[step] ?? 0);
    expect(done.broken.length > 0 ? describeWalk(done) : null).toBeNull();
  });
});

describe('the explorer', () => {
  it.each(sampled)('finds that $name', async ({ protocol, bounds }) => {
    const { failure } = await explore(protocol, bounds, LIMIT);
    expect(failure?.broken.length).toBeGreaterThan(0);
  });
});
