import type { SchedulerApi } from './client.ts';
import type { PlanAction, PlannedJob } from './plan.ts';

/** The result of one planned job. */
export interface Applied {
  id: string;
  kind: PlanAction;
  /** The calls that succeeded, in order. */
  done: string[];
  /** True if the job stays paused, because a person paused it. */
  left: boolean;
  /** The reason why the rest was not done; null if all was. */
  error: string | null;
}

export interface ApplyOptions {
  /** Takes over jobs of the same name that are not marked as ours. */
  adopt: boolean;
  /** Resumes the jobs that a person paused; else they stay paused. */
  resume?: boolean;
  /** Called after each job. */
  onApplied?: (result: Applied) => void;
}

/** Brings the service in line with the file, job by job; a failed job does not stop the others. Deletes nothing. */
export function applyPlan(
  plan: readonly PlannedJob[],
  api: SchedulerApi,
  options: ApplyOptions,
): Promise<Applied[]> {
  const wanted = plan.filter(({ kind }) => kind !== 'unchanged' && kind !== 'delete');
  return applyEach(wanted, options.onApplied, (planned, done) => {
    const isLeft = planned.pause === 'resume' && !options.resume && !hasFailed(planned);
    const job: PlannedJob = isLeft ? { ...planned, pause: null } : planned;
    if (job.kind === 'adopt' && !options.adopt) {
      throw new Error(
        'a job of this name exists and is not marked as ours; check it, then give --adopt to take it over',
      );
    }
    return applyOne(job, api, done).then(() => isLeft);
  });
}

/** Deletes the jobs that are marked as ours and are not in the file. */
export function prunePlan(
  plan: readonly PlannedJob[],
  api: SchedulerApi,
  onApplied?: ApplyOptions['onApplied'],
): Promise<Applied[]> {
  const gone = plan.filter(({ kind }) => kind === 'delete');
  return applyEach(gone, onApplied, async (job, done) => {
    await api.remove(job.name);
    done.push('delete');
    return false;
  });
}

/** A job whose last update failed is not paused by a person; the update enables it. */
const hasFailed = ({ fields }: PlannedJob): boolean => fields.some(({ field }) => field === 'state');

/**
 * Pauses a job before changing it, and resumes it only afterwards. A job whose last update failed is updated first: Cloud
 * Scheduler pauses an enabled job only.
 */
async function applyOne(planned: PlannedJob, api: SchedulerApi, done: string[]) {
  const { name, kind, mask, pause, wanted } = planned;
  const step = async (word: string, call: Promise<void>) => {
    await call;
    done.push(word);
  };
  if (!wanted) return;
  if (kind === 'create') await step('create', api.create(wanted.body));
  const isLate = hasFailed(planned);
  if (pause === 'pause' && !isLate) await step('pause', api.pause(name));
  if (kind !== 'create' && mask.length > 0) await step('update', api.update(wanted.body, mask));
  if (pause === 'pause' && isLate) await step('pause', api.pause(name));
  if (pause === 'resume') await step('resume', api.resume(name));
}

async function applyEach(
  jobs: readonly PlannedJob[],
  onApplied: ApplyOptions['onApplied'],
  work: (job: PlannedJob, done: string[]) => Promise<boolean>,
): Promise<Applied[]> {
  const results: Applied[] = [];
  for (const job of jobs) {
    const done: string[] = [];
    const outcome = await Promise.resolve()
      .then(() => work(job, done))
      .then(
        (left) => ({ left, error: null }),
        (thrown: unknown) => ({
          left: false,
          error: thrown instanceof Error ? thrown.message : String(thrown),
        }),
      );
    const result = { id: job.id, kind: job.kind, done, ...outcome };
    results.push(result);
    onApplied?.(result);
  }
  return results;
}
