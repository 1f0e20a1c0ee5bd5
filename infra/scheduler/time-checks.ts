import type { Found } from './found.ts';
import type { Problems } from './problems.ts';
import { findRetriesEnd } from './retries.ts';
import type { JobEntry } from './schema.ts';

/** The lease of a killed run expires after this time. A retry before that answers 200 for a task of `skip`, the last one. */
const LEASE_SECONDS = 30;
const HOUR = 3600;

/** Checks that the budget is below the attempt deadline, and that within the function's timeout. */
export function checkTimes(job: JobEntry, index: number, { functions, context, problems }: Found): void {
  const at = (key: string) => ['jobs', index, key];
  const task = Object.hasOwn(context.tasks, job.function) ? context.tasks[job.function] : undefined;
  if (task && job.budget_seconds > task.budgetSeconds) {
    problems.add(
      at('budget_seconds'),
      job.budget_seconds,
      `is above the budget of the task; legal: 5 to ${task.budgetSeconds}`,
    );
  }
  if (job.budget_seconds >= job.attempt_deadline) {
    problems.add(
      at('budget_seconds'),
      job.budget_seconds,
      `legal: below the attempt_deadline of ${job.attempt_deadline}s`,
    );
  }
  const target = functions.find(({ name }) => name === job.function);
  if (target && job.attempt_deadline > target.timeout) {
    problems.add(
      at('attempt_deadline'),
      problems.written(at('attempt_deadline')),
      `legal: at most the function's timeout of ${target.timeout}s`,
    );
  }
}

/** Checks that the job handles overlaps like its task, and that a late start still belongs to its occurrence. */
export function checkOverlap(
  job: JobEntry,
  index: number,
  period: number,
  { context, problems }: Found,
): 'skip' | 'retry' {
  const overlap = job.on_overlap ?? (period < HOUR ? 'skip' : 'retry');
  const task = Object.hasOwn(context.tasks, job.function) ? context.tasks[job.function] : undefined;
  if (task && overlap !== task.onOverlap) {
    const source = job.on_overlap ? '' : ` (the default for a period of ${period}s)`;
    problems.add(
      ['jobs', index, 'on_overlap'],
      overlap,
      `is not what the task does${source}; legal: ${task.onOverlap}`,
    );
  }
  if (job.grace >= period) {
    problems.add(
      ['jobs', index, 'grace'],
      problems.written(['jobs', index, 'grace']),
      `legal: less than the ${period}s between two occurrences`,
    );
  }
  return overlap;
}

/** Checks that the first retry comes after the lease of a killed attempt, and the last one before the next occurrence. */
export function checkRetries(
  job: JobEntry,
  index: number,
  timing: { period: number; overlap: string },
  problems: Problems,
): void {
  const { retry, attempt_deadline: deadline } = job;
  const at = (key: string) => ['jobs', index, 'retry', key];
  if (retry.min_backoff > retry.max_backoff) {
    problems.add(
      at('min_backoff'),
      problems.written(at('min_backoff')),
      `legal: at most the max_backoff of ${retry.max_backoff}s`,
    );
  }
  if (retry.count === 0 && retry.max_duration > 0) {
    problems.add(
      at('max_duration'),
      problems.written(at('max_duration')),
      'has no effect without retries; legal: 0s, or a count above 0',
    );
  }
  if (timing.overlap === 'retry') {
    if (retry.count < 2) problems.add(at('count'), retry.count, 'legal: at least 2 if on_overlap is retry');
  }
  if (retry.count > 0 && retry.min_backoff <= LEASE_SECONDS) {
    problems.add(
      at('min_backoff'),
      problems.written(at('min_backoff')),
      `the first retry could find the lease of the killed attempt; legal: more than its ${LEASE_SECONDS}s`,
    );
  }
  const end = findRetriesEnd(retry, deadline);
  if (end > timing.period) {
    problems.add(
      at('count'),
      retry.count,
      `the attempts can last ${end}s; legal: at most the ${timing.period}s until the next occurrence`,
    );
  }
}
