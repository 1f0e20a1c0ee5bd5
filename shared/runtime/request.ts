import type { RunIdentity } from './occurrence.ts';
import type { CommonParams } from './params.ts';
import type { PipelineResult } from './result.ts';
import type { Outcome, RunContext } from './task.ts';

/** A run as it was asked for. */
export interface RunRequest {
  identity: RunIdentity;
  trigger: RunContext['trigger'];
  requestedBy: string | null;
  params: Record<string, unknown> & CommonParams;
}

/** What became of it. */
export interface RunResult extends PipelineResult {
  outcome: Outcome;
  attempt: number;
  startedAt: Date;
  finishedAt: Date;
  error: string | null;
}
