import { addUsage, noUsage, type Usage } from '../../doors/cost.ts';
import { KEPT_NOTES, type PipelineResult } from '../result.ts';
import type { Counts, Note, Outcome } from '../task.ts';

/** The counts of one part of a run; they can be stored and added up. */
export interface Sums {
  counts: Counts;
  acted: Record<string, number>;
  skipped: Record<string, number>;
  failed: Record<string, number>;
  tally: Record<string, number>;
  notes: Note[];
  cost: Usage;
  wants_retry: boolean;
  complete: boolean;
}

/** Returns empty sums. */
export const noSums = (): Sums => ({
  counts: { candidates: 0, acted: 0, skipped: 0, failed: 0 },
  ...{ acted: {}, skipped: {}, failed: {}, tally: {} },
  notes: [],
  cost: noUsage(),
  wants_retry: false,
  complete: true,
});

/** Returns the sums of a pipeline's result, with its tally and its cost. */
export function sumsOf(result: PipelineResult, tally: Record<string, number>, cost: Usage): Sums {
  const { counts, acted, skipped, failed, notes, wantsRetry, complete } = result;
  return {
    ...{ counts: { ...counts }, acted, skipped, failed },
    ...{ tally: { ...tally }, notes: [...notes], cost: { ...cost } },
    ...{ wants_retry: wantsRetry, complete },
  };
}

/** Returns the sum of both. */
export function addSums(one: Sums, other: Sums): Sums {
  return {
    counts: addUp(one.counts, other.counts),
    acted: addUp(one.acted, other.acted),
    skipped: addUp(one.skipped, other.skipped),
    failed: addUp(one.failed, other.failed),
    tally: addUp(one.tally, other.tally),
    notes: [...one.notes, ...other.notes].slice(0, KEPT_NOTES),
    cost: addUsage(one.cost, other.cost),
    wants_retry: one.wants_retry || other.wants_retry,
    complete: one.complete && other.complete,
  };
}

/** Returns sums without the failures that another attempt retries, so that each candidate counts once. */
export function withoutRetries(sums: Sums, retries: readonly { reason: string }[]): Sums {
  const again: Record<string, number> = {};
  for (const { reason } of retries) again[reason] = (again[reason] ?? 0) - 1;
  const failed = Object.entries(addUp(sums.failed, again)).filter(([, count]) => count !== 0);
  const less = { candidates: -retries.length, failed: -retries.length };
  return {
    ...sums,
    counts: addUp(sums.counts, less),
    failed: Object.fromEntries(failed),
    wants_retry: false,
  };
}

/** Returns sums of candidates that no attempt tried, or whose end is unknown. */
export function countOf(kind: 'skipped' | 'failed', reason: string, count: number): Sums {
  const none = noSums();
  if (count === 0) return none;
  return {
    ...none,
    counts: { ...none.counts, candidates: count, [kind]: count },
    [kind]: { [reason]: count },
  };
}

/** Returns the outcome of a run that worked in its own instance. */
export function outcomeOf(counts: Counts, failed: boolean): Outcome {
  if (failed) return 'failed';
  if (counts.failed > 0) return 'partial';
  return counts.acted > 0 ? 'succeeded' : 'nothing_to_do';
}

function addUp<T extends object>(one: T, other: object): T {
  const sum = { ...one } as Record<string, number>;
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + Number(count);
  return sum as T;
}
