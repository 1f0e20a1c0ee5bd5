import type { z } from 'zod';
import type { Problems } from './problems.ts';
import type { FunctionEntry, JobEntry } from './schema.ts';

/** The properties of a task in the code. */
export interface KnownTask {
  route: string;
  methods: readonly string[];
  /** Its own parameters, without those that every task has. */
  params: z.ZodObject;
  budgetSeconds: number;
  onOverlap: 'skip' | 'retry';
  /** The task dispatches large runs in batches. */
  fansOut?: boolean;
}

/** A function entry with a legal shape. */
export interface FoundFunction extends FunctionEntry {
  name: string;
}

/** A job of the file; `entry` is null if its shape is wrong, which is a problem already. */
export interface FoundJob {
  index: number;
  name: string | undefined;
  entry: JobEntry | null;
}

/** The input of the checks. */
export interface Found {
  functions: readonly FoundFunction[];
  /** All names under `functions`, also those with a wrong shape. */
  named: readonly string[];
  jobs: readonly FoundJob[];
  context: { tasks: Readonly<Record<string, KnownTask>>; functions: readonly string[] };
  problems: Problems;
}

/** A complete job: with defaults, and durations in seconds. */
export interface ScheduledJob extends JobEntry {
  on_overlap: 'skip' | 'retry';
  /** The smallest gap between two occurrences. */
  period_seconds: number;
  line: number;
}
