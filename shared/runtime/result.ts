import type { ActResult, Counts, Decision, Dispatched, Note } from './task.ts';

/** A run keeps at most this many notes, since its record is one document. */
export const KEPT_NOTES = 100;
/** A dry run shows at most this many candidates. */
const SHOWN_CANDIDATES = 100;

export interface Shown {
  id: string;
  decision: 'act' | 'skip' | 'fail';
  reason: string;
  /** The decision's note. */
  [name: string]: string | number | boolean | null;
}

export interface PipelineResult {
  counts: Counts;
  /** The number of candidates per reason. */
  acted: Record<string, number>;
  skipped: Record<string, number>;
  failed: Record<string, number>;
  /** True if a failure wants Scheduler's retry. */
  wantsRetry: boolean;
  /** False if the budget or a lost lease ended the work early. */
  complete: boolean;
  shown: Shown[];
  notes: Note[];
  /** The candidates whose failure another attempt may heal. */
  retries: { id: string; reason: string }[];
  dispatched?: Dispatched;
}

/** Returns a result with nothing in it yet. */
export function emptyResult(): PipelineResult {
  const counts = { candidates: 0, acted: 0, skipped: 0, failed: 0 };
  return {
    counts,
    acted: {},
    skipped: {},
    failed: {},
    wantsRetry: false,
    complete: true,
    shown: [],
    notes: [],
    retries: [],
  };
}

/** Counts one candidate. `because`: the reason of the act. */
export function count(
  result: PipelineResult,
  { id }: { id: string },
  one: ActResult<string>,
  because = '',
): void {
  result.counts.candidates += 1;
  result.counts[one.outcome] += 1;
  if (one.note && result.notes.length < KEPT_NOTES) result.notes.push(one.note);
  const reasons = result[one.outcome];
  const reason = one.outcome === 'acted' ? because : one.reason;
  reasons[reason] = (reasons[reason] ?? 0) + 1;
  if (one.outcome === 'acted') return;
  if (one.isUnfinished) result.complete = false;
  if (one.outcome === 'skipped' || !one.retry) return;
  result.wantsRetry = true;
  result.retries.push({ id, reason: one.reason });
}

/** Adds a decision of a dry run to the shown candidates. */
export function show(result: PipelineResult, id: string, decision: Decision<string, unknown>): void {
  if (result.shown.length >= SHOWN_CANDIDATES) return;
  const verdict = decision.act ? 'act' : decision.failed ? 'fail' : 'skip';
  result.shown.push({ id, decision: verdict, reason: decision.reason, ...decision.note });
}

/** Returns an unexpected error as a failure with a short reason: its gRPC code or its name. */
export function failureOf(error: unknown): ActResult<string> {
  const code = (error as { code?: unknown } | null)?.code;
  const kind = code !== undefined ? `_${String(code)}` : error instanceof Error ? `_${error.name}` : '';
  return { outcome: 'failed', reason: `error${kind}`, retry: true };
}
