import type { RunIdentity } from './occurrence.ts';
import type { CommonParams } from './params.ts';
import type { PipelineResult } from './result.ts';
import type { Outcome, RunContext } from './task.ts';

/** A requested run. */
export interface RunRequest {
  identity: RunIdentity;
  trigger: RunContext['trigger'];
  requestedBy: string | null;
  params: Record<string, unknown> & CommonParams;
}

/** The result of a run. */
export interface RunResult extends PipelineResult {
  outcome: Outcome;
  attempt: number;
  startedAt: Date;
  finishedAt: Date;
  error: string | null;
}
