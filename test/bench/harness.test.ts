import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atLeast, atMost, type BenchReport, below, judge, measure } from './bench.ts';
import { benches } from './benches.ts';
import { interleave } from './rounds.ts';
import { median, pairedRatios, summarize } from './stats.ts';
import { table } from './table.ts';

const bench = (targets: Parameters<typeof judge>[0]['targets']) => ({
  name: 'b',
  compares: 'x with y',
  targets,
});

describe('the median', () => {
  it('is the middle sample or the mean of the two middle ones, in any order', () => {
    expect(median([10, 9, 1])).toBe(9);
    expect(median([4, 10, 1, 2])).toBe(3);
    const samples = fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(samples, (values) => {
        const middle = median(values);
        expect(2 * values.filter((value) => value <= middle).length).toBeGreaterThanOrEqual(values.length);
        expect(2 * values.filter((value) => value >= middle).length).toBeGreaterThanOrEqual(values.length);
      }),
    );
  });

  it('is NaN without samples, and a sample of NaN makes the summary NaN', () => {
    expect(median([])).toBeNaN();
    for (const samples of [[], [1, Number.NaN, 3]])
      expect(summarize(samples)).toEqual({ median: Number.NaN, min: Number.NaN, max: Number.NaN });
  });
});

describe('a ratio', () => {
  it('pairs the samples of one round, so that a slow round cancels out', () => {
    expect(pairedRatios([80, 8, 40], [100, 10, 50])).toEqual([0.8, 0.8, 0.8]);
  });

  it('throws if a round lacks one side', () => {
    expect(() => pairedRatios([1, 2], [1])).toThrow('2 rounds of one side and 1 of the other');
  });
});

it('measures each side once per round and begins each round with another side', async () => {
  const order: string[] = [];
  const side = (name: string) => async (round: number) => {
    order.push(name);
    return `${name}${round}`;
  };
  const samples = await interleave(3, { a: side('a'), b: side('b'), c: side('c') });
  expect(order.join('')).toBe('abcbcacab');
  expect(samples).toEqual({ a: ['a0', 'a1', 'a2'], b: ['b0', 'b1', 'b2'], c: ['c0', 'c1', 'c2'] });
});

describe('a target', () => {
  it.each([
    [atLeast(0.8), 0.8, true],
    [atLeast(0.8), 0.799, false],
    [atMost(60), 60, true],
    [atMost(60), 60.1, false],
    [below(2.2), 2.19, true],
    [below(2.2), 2.2, false],
    [atLeast(0.8), Number.NaN, false],
    [atMost(60), Number.NaN, false],
  ])('%o with a median of %d is met: %s', (target, value, met) => {
    const report = judge(bench({ figure: target }), { figure: measure('ratio', [value]) });
    expect(report.met).toBe(met);
    expect(report.figures[0]?.met).toBe(met);
  });

  it('is missed without a measure', () => {
    const { met, figures } = judge(bench({ forgotten: atMost(1) }), { other: measure('ms', [1]) });
    expect(met).toBe(false);
    expect(figures.map(({ name, met: one }) => [name, one])).toEqual([
      ['forgotten', false],
      ['other', null],
    ]);
  });

  it('is judged by the median: one bad round of three is harmless, two are not', () => {
    const met = (samples: number[]) =>
      judge(bench({ ratio: atLeast(0.8) }), { ratio: measure('ratio', samples) }).met;
    expect(met([0.9, 0.1, 0.85])).toBe(true);
    expect(met([0.9, 0.1, 0.2])).toBe(false);
  });
});

it('the table shows figures with targets first and aligns its columns', () => {
  const report: BenchReport = judge(bench({ 'ours / bare': atLeast(0.8) }), {
    ours: measure('visits/s', [5432.1, 6000, 5000]),
    'ours / bare': measure('ratio', [0.75, 0.7, 0.71]),
  });
  expect(table(report)).toBe(
    [
      'b: TARGET MISSED',
      '  x with y',
      '',
      'figure           median    min    max  rounds  target',
      'ours / bare       0.710  0.700  0.750       3  at least 0.8  MISSED',
      'ours (visits/s)   5,432  5,000  6,000       3',
      '',
    ].join('\n'),
  );
});

it('exits 2 on an unknown bench or option and prints the legal names', () => {
  for (const wrong of ['nonsense', '--nonsense']) {
    const { status, stderr } = spawnSync(process.execPath, ['test/bench/main.ts', wrong], {
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toContain('nonsense');
    expect(stderr).toContain(`names: ${benches.map(({ name }) => name).join(', ')}`);
  }
});
