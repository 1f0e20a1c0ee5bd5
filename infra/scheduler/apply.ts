import type { SchedulerApi } from './client.ts';
import type { Kind, PlannedJob } from './plan.ts';

/** What became of one planned job. */
export interface Applied {
  id: string;
  kind: Kind;
  /** The calls that succeeded, in order. */
  done: string[];
  /** Why the rest was not done; null when all was. */
  error: string | null;
}

export interface ApplyOptions {
  /** Whether jobs of the same name that are not marked as ours are taken over. */
  adopt: boolean;
  /** Told of each job as it is finished. */
  onApplied?: (result: Applied) => void;
}

/** Makes the service as the file says, job by job; one that fails does not keep the others back. Deletes nothing. */
export function applyPlan(
  plan: readonly PlannedJob[],
  api: SchedulerApi,
  options: ApplyOptions,
): Promise<Applied[]> {
  const wanted = plan.filter(({ kind }) => kind !== 'unchanged' && kind !== 'delete');
  return each(wanted, options.onApplied, (job, done) => {
    if (job.kind === 'adopt' && !options.adopt) {
      throw new Error(
        'a job of this name is there and is not ours; look at it, then give --adopt to take it over',
      );
    }
    return applyOne(job, api, done);
  });
}

/** Deletes the jobs that are marked as ours and are not in the file. */
export function prunePlan(
  plan: readonly PlannedJob[],
  api: SchedulerApi,
  onApplied?: ApplyOptions['onApplied'],
): Promise<Applied[]> {
  const gone = plan.filter(({ kind }) => kind === 'delete');
  return each(gone, onApplied, async (job, done) => {
    await api.remove(job.name);
    done.push('delete');
  });
}

/** A job that is to be paused is paused before it is changed, and resumed only after. */
async function applyOne({ name, kind, mask, pause, wanted }: PlannedJob, api: SchedulerApi, done: string[]) {
  const step = async (word: string, call: Promise<void>) => {
    await call;
    done.push(word);
  };
  if (!wanted) return;
  if (kind === 'create') await step('create', api.create(wanted.body));
  if (pause === 'pause') await step('pause', api.pause(name));
  if (kind !== 'create' && mask.length > 0) await step('update', api.update(wanted.body, mask));
  if (pause === 'resume') await step('resume', api.resume(name));
}

async function each(
  jobs: readonly PlannedJob[],
  onApplied: ApplyOptions['onApplied'],
  work: (job: PlannedJob, done: string[]) => Promise<void>,
): Promise<Applied[]> {
  const results: Applied[] = [];
  for (const job of jobs) {
    const done: string[] = [];
    const error = await Promise.resolve()
      .then(() => work(job, done))
      .then(
        () => null,
        (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
      );
    const result = { id: job.id, kind: job.kind, done, error };
    results.push(result);
    onApplied?.(result);
  }
  return results;
}
