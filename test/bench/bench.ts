import type { Lab } from './lab.ts';
import { type SampleSummary, summarize } from './stats.ts';

/** The limit for the median of a figure. */
export interface BenchTarget {
  rule: 'at least' | 'at most' | 'below';
  value: number;
}

export const atLeast = (value: number): BenchTarget => ({ rule: 'at least', value });
export const atMost = (value: number): BenchTarget => ({ rule: 'at most', value });
export const below = (value: number): BenchTarget => ({ rule: 'below', value });

/** Samples of one quantity, one per round. A round measures each side once. */
export interface BenchMeasure {
  /** 'ratio', or the unit of a sample, such as 'ms', 'MB' or 'visits/s'. */
  unit: string;
  samples: readonly number[];
}

export const measure = (unit: string, samples: readonly number[]): BenchMeasure => ({ unit, samples });

/** One bench. `run` measures the names of `targets`, which get a verdict, and may measure more, which get none. */
export interface Bench {
  name: string;
  /** One sentence that names both sides of the comparison. */
  compares: string;
  targets: Readonly<Record<string, BenchTarget>>;
  /** Returns why this machine cannot run it, or null. */
  findObstacle?(): string | null;
  run(lab: Lab): Promise<Readonly<Record<string, BenchMeasure>>>;
}

/** A measured quantity with its verdict, which is null without a target. */
export interface Figure extends SampleSummary {
  name: string;
  unit: string;
  rounds: number;
  target: BenchTarget | null;
  met: boolean | null;
}

export interface BenchReport {
  name: string;
  compares: string;
  figures: Figure[];
  met: boolean;
}

/** Compares the measures with the targets. A target without a measure is missed. */
export function judge(
  bench: Pick<Bench, 'name' | 'compares' | 'targets'>,
  measured: Readonly<Record<string, BenchMeasure>>,
): BenchReport {
  const unmeasured = Object.keys(bench.targets).filter((name) => !Object.hasOwn(measured, name));
  const all = { ...measured, ...Object.fromEntries(unmeasured.map((name) => [name, measure('', [])])) };
  const figures = Object.entries(all).map(([name, { unit, samples }]): Figure => {
    const summary = summarize(samples);
    const target = bench.targets[name] ?? null;
    const met = target === null ? null : meets(summary.median, target);
    return { name, unit, ...summary, rounds: samples.length, target, met };
  });
  const promised = figures.filter((figure) => figure.target !== null);
  return {
    name: bench.name,
    compares: bench.compares,
    figures: [...promised, ...figures.filter((figure) => figure.target === null)],
    met: promised.every((figure) => figure.met === true),
  };
}

/** Returns true if a value meets a target. NaN meets none. */
function meets(value: number, { rule, value: limit }: BenchTarget): boolean {
  if (rule === 'at least') return value >= limit;
  return rule === 'at most' ? value <= limit : value < limit;
}
