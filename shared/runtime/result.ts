import type { Counts, Dispatched, Note } from './task.ts';

/** A run keeps at most so many notes: its record is one document. */
export const KEPT_NOTES = 100;

export interface Shown {
  id: string;
  decision: 'act' | 'skip' | 'fail';
  reason: string;
  /** What the decision has to tell beside it. */
  [name: string]: string | number | boolean | null;
}

export interface PipelineResult {
  counts: Counts;
  /** Candidates per reason, of those acted on, skipped and failed. */
  acted: Record<string, number>;
  skipped: Record<string, number>;
  failed: Record<string, number>;
  /** Whether a failure wants Scheduler's retry. */
  wantsRetry: boolean;
  /** False when the budget or a lost lease ended the work early. */
  complete: boolean;
  shown: Shown[];
  notes: Note[];
  /** Candidates whose failure another attempt may heal. */
  retries: { id: string; reason: string }[];
  dispatched?: Dispatched;
}

/** A result with nothing in it yet. */
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
