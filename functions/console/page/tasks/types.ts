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

export interface Page<T> {
  items: T[];
  next_page: string | null;
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

export interface Settings {
  presence: { online_threshold_minutes: number; updated_at: string | null };
  alerts: {
    threshold_days: number;
    repeat_hours: number;
    stages: Record<string, { threshold_days: number }>;
    updated_at: string | null;
  };
  /** Absent where there is no watchman. */
  watch?: { operators: string[]; locale: string; updated_at: string | null };
  updated_at: string | null;
}

export interface TestMailReport {
  ok: boolean;
  /** In the language that was asked for. */
  message: string;
  response: string | null;
}

export interface Recipient {
  id?: string;
  user_id?: string | null;
  name: string;
  email: string;
  active: boolean;
  locale?: string | null;
}

export interface Recipients {
  recipients: Recipient[];
  updated_at?: string | null;
}

export interface AlertLog {
  id: string;
  ticket_number: string | null;
  stage: string | null;
  days_in_stage: number | null;
  recipient: string | null;
  state: string | null;
  claimed_at?: string | null;
  sent_at: string | null;
  forced: boolean | null;
  message_id: string | null;
}

export interface Ticket {
  id: string;
  number: string | null;
  device: string | null;
  customer_name?: string | null;
  stage: string | null;
  delay?: {
    /** Since when it is in its stage, and which field says so. */
    since: string;
    source: string;
    days_in_stage: number;
    threshold_days: number;
    late_after: string;
  };
}

export interface UserLine {
  id: string;
  email: string | null;
  display_name: string | null;
}
