import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { Cost } from '../doors/cost.ts';
import { toJson } from '../doors/store/json.ts';
import type { Shown } from './result.ts';
import type { Counts, Dispatched, Note, Outcome } from './task.ts';

/** How a run ended: `abandoned` was found dead by the next one; null is under way. */
export type RunOutcome = Outcome | 'abandoned' | null;

/** A run as lists and strips show it; times are ISO 8601 in UTC. */
export interface RunLine {
  id: string;
  task: string | null;
  outcome: RunOutcome;
  trigger: string | null;
  requested_by: string | null;
  attempt: number | null;
  started_at: string | null;
  finished_at: string | null;
  duration_ms: number | null;
  complete: boolean | null;
  counts: Counts | null;
  error: string | null;
  usd: number | null;
}

/** A run with all that the ledger keeps of it. */
export interface RunView extends Omit<RunLine, 'requested_by' | 'usd'> {
  requested_by?: string;
  occurrence: string | null;
  dry_run: boolean;
  params: Record<string, unknown>;
  skipped: Record<string, number>;
  failed: Record<string, number>;
  cost: Record<string, number> | null;
  notes?: Note[];
  /** Earlier attempts; a run that was taken over settles its own place among them. */
  attempts?: (Pick<RunLine, 'started_at' | 'finished_at' | 'counts' | 'error'> & {
    attempt: number;
    outcome: Outcome | 'abandoned';
  })[];
}

/** The answer of every task to a call, beside its own fields. */
export interface RunReply {
  run_id: string;
  outcome: Outcome;
  dry_run: boolean;
  complete: boolean;
  attempt: number | null;
  counts: Counts;
  skipped: Record<string, number>;
  failed: Record<string, number>;
  dispatched?: Dispatched;
  cost: Cost;
  error?: { code: string; message: string };
  /** The first candidates of a dry run. */
  candidates?: Shown[];
}

/** Returns a run as lists show it. */
export function runLine(run: DocumentSnapshot): RunLine {
  const { usd = null } = (run.get('cost') as { usd?: number } | null) ?? {};
  return {
    id: run.id,
    task: run.get('task') ?? null,
    outcome: run.get('outcome') ?? null,
    trigger: run.get('trigger') ?? null,
    requested_by: run.get('requested_by') ?? null,
    attempt: run.get('attempt') ?? null,
    started_at: toJson(run.get('started_at') ?? null) as string | null,
    finished_at: toJson(run.get('finished_at') ?? null) as string | null,
    duration_ms: run.get('duration_ms') ?? null,
    complete: run.get('complete') ?? null,
    counts: run.get('counts') ?? null,
    error: run.get('error') ?? null,
    usd,
  };
}

/** Returns all that the ledger keeps of a run. */
export function runDetail(run: DocumentSnapshot): RunView {
  return { id: run.id, ...(toJson(run.data() ?? {}) as Omit<RunView, 'id'>) };
}
