// What the admin API answers, as far as the page reads it.

export interface Counts {
  candidates: number;
  acted: number;
  skipped: number;
  failed: number;
}

export interface RunLine {
  id: string;
  task: string | null;
  outcome: string | null;
  trigger: string | null;
  requested_by: string | null;
  started_at: string | null;
  duration_ms: number | null;
  complete: boolean | null;
  counts: Counts | null;
  error: string | null;
  usd: number | null;
}

export interface TaskItem {
  id: string;
  params: string[];
  schedule: string | null;
  time_zone: string | null;
  next_occurrence: string | null;
  paused: boolean | null;
  last_runs: RunLine[];
}

export interface TaskList {
  as_of: string;
  scheduler_answers: boolean;
  items: TaskItem[];
}

export interface Run extends Omit<RunLine, 'usd'> {
  occurrence: string | null;
  attempt: number | null;
  finished_at: string | null;
  dry_run: boolean;
  params: Record<string, unknown> | null;
  skipped: Record<string, number> | null;
  failed: Record<string, number> | null;
  cost: Record<string, number> | null;
  notes?: Record<string, unknown>[];
  attempts?: { attempt: number; outcome: string; started_at: string | null; error: string | null }[];
}

export interface Candidate {
  id: string;
  decision: string;
  reason: string;
  [more: string]: unknown;
}

/** What a task answers when it is run. */
export interface TaskReply {
  run_id: string;
  outcome: string;
  dry_run: boolean;
  complete: boolean;
  counts: Counts;
  skipped: Record<string, number>;
  failed: Record<string, number>;
  candidates?: Candidate[];
}

export interface Incident {
  id: string;
  kind: string;
  task: string | null;
  /** Of an overrun the run, of a missed round its occurrence. */
  key?: string;
  opened_at: string | null;
  recovered_at: string | null;
  told?: number;
}
