import type { Found } from './found.ts';
import type { Problems } from './problems.ts';
import { retriesEnd, retrySpan } from './retries.ts';
import type { JobEntry } from './schema.ts';

/** The lease of a killed run is gone after this long; retries must outlast it. */
const LEASE_SECONDS = 30;
const HOUR = 3600;

/** Budget, attempt deadline and function timeout, each within the next. */
export function checkTimes(job: JobEntry, index: number, { functions, context, problems }: Found): void {
  const at = (key: string) => ['jobs', index, key];
  const task = Object.hasOwn(context.tasks, job.function) ? context.tasks[job.function] : undefined;
  if (task && job.budget_seconds > task.budgetSeconds) {
    problems.add(
      at('budget_seconds'),
      job.budget_seconds,
      `is above the task's own; legal: 5 to ${task.budgetSeconds}`,
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

/** What the job says of overlaps agrees with its task, and a late start still belongs to its own round. */
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

/** The retries outlast a lease where they have to, and are over before the next occurrence. */
export function checkRetries(
  job: JobEntry,
  index: number,
  round: { period: number; overlap: string },
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
  if (round.overlap === 'retry') {
    if (retry.count < 2)
      problems.add(at('count'), retry.count, 'legal: at least 2 where on_overlap is retry');
    const span = retrySpan(retry);
    if (span <= LEASE_SECONDS) {
      problems.add(
        at('min_backoff'),
        problems.written(at('min_backoff')),
        `the retries span ${span}s; legal: more than the lease of ${LEASE_SECONDS}s`,
      );
    }
  }
  const end = retriesEnd(retry, deadline);
  if (end > round.period) {
    problems.add(
      at('count'),
      retry.count,
      `the attempts can last ${end}s; legal: at most the ${round.period}s until the next occurrence`,
    );
  }
}
