import { cpuOf, findCpuFault } from './cpu.ts';
import { findPeriodSeconds } from './cron.ts';
import type { Found, FoundFunction, KnownTask, ScheduledJob } from './found.ts';
import { type Problems, suggest } from './problems.ts';
import type { JobEntry } from './schema.ts';
import { checkOverlap, checkRetries, checkTimes } from './time-checks.ts';

/** Checks the functions against the folders, the tasks and the jobs. */
export function checkFunctions({ functions, named, jobs, context, problems }: Found): void {
  for (const name of named) {
    if (context.functions.includes(name)) continue;
    problems.add(
      ['functions', name],
      undefined,
      `has no folder functions/${name}, or no entry in functions/tasks.ts; legal: ${context.functions.join(', ')}${suggest(name, context.functions)}`,
    );
  }
  for (const name of context.functions) {
    if (named.includes(name)) continue;
    const remedy = Object.hasOwn(context.tasks, name)
      ? 'add it with task: true, and its job under jobs'
      : 'add it';
    problems.add(
      ['functions'],
      undefined,
      `lacks ${name}, which has a folder in functions/; legal: every folder of functions/; ${remedy}`,
    );
  }
  for (const entry of functions) checkFanOut(entry, context.tasks[entry.name], problems);
  for (const { name, task, concurrency, cpu, memory } of functions) {
    const path = ['functions', name];
    if (task !== Object.hasOwn(context.tasks, name)) {
      problems.add(
        [...path, 'task'],
        task,
        task ? 'but the function is no task; legal: false' : 'but the function is a task; legal: true',
      );
    }
    if (task && !jobs.some((job) => job.name === name))
      problems.add(path, undefined, 'is a task and has no job; legal: exactly one; add it under jobs');
    const fault = findCpuFault({ cpu, memory });
    if (fault) problems.add([...path, cpu === undefined ? 'memory' : 'cpu'], cpu ?? memory, fault);
    if (concurrency > 1 && cpuOf({ cpu, memory }) < 1) {
      const why = cpu === undefined ? `${memory} implies less than one` : `cpu is ${cpu}`;
      problems.add(
        [...path, 'concurrency'],
        concurrency,
        `needs a whole CPU and ${why}; legal: cpu of at least 1, memory of at least 2Gi, or concurrency 1`,
      );
    }
  }
}

/** Allows a queue only for a task that dispatches batches, within its number of instances. */
function checkFanOut(
  { name, fan_out: fanOut, max_instances: instances, concurrency }: FoundFunction,
  task: KnownTask | undefined,
  problems: Problems,
): void {
  if (!fanOut) return;
  const path = ['functions', name, 'fan_out'];
  if (!task?.fansOut)
    problems.add(path, undefined, 'but the function dispatches no batches; legal: nothing here');
  // The dispatching run takes one place.
  const maxBatches = instances * concurrency - 1;
  if (fanOut.max_concurrent > maxBatches)
    problems.add(
      [...path, 'max_concurrent'],
      fanOut.max_concurrent,
      `would be refused by Cloud Run; legal: at most max_instances x concurrency - 1, which is ${maxBatches}`,
    );
}

/** Checks each job alone and against its function and task. Returns the complete ones. */
export function checkJobs(found: Found): ScheduledJob[] {
  const seen = new Map<string, number>();
  return found.jobs.flatMap(({ index, name, entry }) => {
    const path = ['jobs', index];
    if (name !== undefined) {
      const first = seen.get(name);
      if (first === undefined) seen.set(name, index);
      else
        found.problems.add(
          [...path, 'function'],
          name,
          `has a job already, jobs[${first}]; legal: one job per task`,
        );
    }
    if (!entry) return [];
    checkTarget(entry, index, found);
    const period = findPeriodSeconds(entry.schedule, entry.time_zone);
    checkTimes(entry, index, found);
    const overlap = checkOverlap(entry, index, period, found);
    checkRetries(entry, index, { period, overlap }, found.problems);
    return [{ ...entry, on_overlap: overlap, period_seconds: period, line: found.problems.lineOf(path) }];
  });
}

function checkTarget(job: JobEntry, index: number, { functions, named, context, problems }: Found): void {
  const at = (key: string) => ['jobs', index, key];
  if (!named.includes(job.function)) {
    problems.add(
      at('function'),
      job.function,
      `is not under functions; legal: ${named.join(', ')}${suggest(job.function, named)}`,
    );
  }
  const task = Object.hasOwn(context.tasks, job.function) ? context.tasks[job.function] : undefined;
  if (!task) {
    const legal = Object.keys(context.tasks);
    problems.add(
      at('function'),
      job.function,
      `is not a task; legal: ${legal.join(', ')}${suggest(job.function, legal)}`,
    );
    return;
  }
  if (job.route !== task.route)
    problems.add(at('route'), job.route, `is not the task's; legal: ${task.route}`);
  if (!task.methods.includes(job.method)) {
    problems.add(at('method'), job.method, `is not the task's; legal: ${task.methods.join(' or ')}`);
  }
  for (const [param, value] of Object.entries(job.params)) {
    const rule = findParamFault(task, param, value);
    if (rule) problems.add([...at('params'), param], value, rule);
  }
  const target = functions.find(({ name }) => name === job.function);
  if (job.auth.type === 'secret' && target && !Object.hasOwn(target.secrets, 'CRON_SECRET')) {
    problems.add(
      [...at('auth'), 'type'],
      'secret',
      `but functions.${target.name}.secrets has no CRON_SECRET`,
    );
  }
}

/** Returns what is wrong with a parameter of a job, by the task's own schema, or null. */
function findParamFault({ params }: KnownTask, param: string, value: unknown): string | null {
  if (param === 'dry_run') return 'would make a job that never changes anything; legal: nothing here';
  if (param === 'budget_seconds') return "is not a parameter of a job; legal: the job's own budget_seconds";
  const own = Object.keys(params.shape);
  if (!own.includes(param))
    return `the task has no such parameter; legal: ${own.join(', ') || 'none'}${suggest(param, own)}`;
  // The caller has given each parameter alone, so the others have their defaults.
  const issues = params.partial().safeParse({ [param]: value }).error?.issues;
  return issues?.[0]?.message ?? null;
}
