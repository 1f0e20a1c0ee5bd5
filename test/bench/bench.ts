import type { Lab } from './lab.ts';
import { type Summary, summarize } from './stats.ts';

/** What a figure must be: its median is compared. */
export interface Target {
  rule: 'at least' | 'at most' | 'below';
  value: number;
}

export const atLeast = (value: number): Target => ({ rule: 'at least', value });
export const atMost = (value: number): Target => ({ rule: 'at most', value });
export const below = (value: number): Target => ({ rule: 'below', value });

/** Samples of one quantity, one per round. */
export interface Measure {
  /** 'ratio', or what one of it is: 'ms', 'MB', 'visits/s'. */
  unit: string;
  samples: readonly number[];
}

export const measure = (unit: string, samples: readonly number[]): Measure => ({ unit, samples });

/**
 * One bench. What it promises stands in `targets`, under the names that `run` measures them by; what `run` measures
 * beside them is reported without a verdict.
 */
export interface Bench {
  name: string;
  /** What is compared with what, in one sentence for a person. */
  compares: string;
  targets: Readonly<Record<string, Target>>;
  run(lab: Lab): Promise<Readonly<Record<string, Measure>>>;
}

/** A measured quantity with its verdict: null where nothing was promised. */
export interface Figure extends Summary {
  name: string;
  unit: string;
  rounds: number;
  target: Target | null;
  met: boolean | null;
}

export interface BenchReport {
  name: string;
  compares: string;
  figures: Figure[];
  met: boolean;
}

/** Holds what was measured against what was promised. A target that was not measured is missed. */
export function judge(
  bench: Pick<Bench, 'name' | 'compares' | 'targets'>,
  measured: Readonly<Record<string, Measure>>,
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

/** Whether a value meets a target; NaN meets none. */
function meets(value: number, { rule, value: limit }: Target): boolean {
  if (rule === 'at least') return value >= limit;
  return rule === 'at most' ? value <= limit : value < limit;
}
