import type { Problems } from './problems.ts';
import type { FunctionEntry, JobEntry } from './schema.ts';

/** What a task says of itself. */
export interface KnownTask {
  route: string;
  methods: readonly string[];
  params: readonly string[];
  budgetSeconds: number;
  onOverlap: 'skip' | 'retry';
  /** Whether it hands large runs on. */
  fansOut?: boolean;
}

/** A function whose shape is right. */
export interface FoundFunction extends FunctionEntry {
  name: string;
}

/** A job of the file; `entry` is null when its shape is wrong, which has been told already. */
export interface FoundJob {
  index: number;
  name: string | undefined;
  entry: JobEntry | null;
}

/** All that the checks look at. */
export interface Found {
  functions: readonly FoundFunction[];
  /** The names under `functions`, also of those whose shape is wrong. */
  named: readonly string[];
  jobs: readonly FoundJob[];
  context: { tasks: Readonly<Record<string, KnownTask>>; functions: readonly string[] };
  problems: Problems;
}

/** One job, complete: durations are in seconds, what the file leaves out is filled in. */
export interface ScheduledJob extends JobEntry {
  on_overlap: 'skip' | 'retry';
  /** The smallest gap between two occurrences. */
  period_seconds: number;
  line: number;
}
