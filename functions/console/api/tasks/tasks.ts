import * as z from 'zod';
import { watchedSchedule } from '../../../../shared/domains/watch/schedule.ts';
import { listJobs, type SchedulerJob, setPaused } from '../../../../shared/doors/google/jobs.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { Answer } from '../../../../shared/doors/http/router.ts';
import { nextOccurrence } from '../../../../shared/doors/time/occurrences.ts';
import { lastRuns } from '../../../../shared/runtime/ledger.ts';
import { paramNames } from '../../../../shared/runtime/params.ts';
import { type RunLine, runLine } from '../../../../shared/runtime/run-view.ts';
import type { AnyTask } from '../../../../shared/runtime/task.ts';
import { tasks } from '../../../tasks.ts';
import type { Page } from '../paging.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import { type PauseNote, readPauses, recordPause } from './pauses.ts';
import { callTask } from './task-call.ts';

/** The most runs per task in the answer; each costs one read. */
const MAX_RUNS = 50;
const RUNS_RULE = `must be a whole number from 1 to ${MAX_RUNS}`;

/** The schedule of a task; null if it is not known, as while Cloud Scheduler does not answer. */
interface TaskTimes {
  schedule: string | null;
  time_zone: string | null;
  next_occurrence: string | null;
  paused: boolean | null;
}

/** A task with its last runs, the newest first. */
interface TaskRuns {
  id: string;
  task: string;
  params: string[];
  budget_seconds: number;
  last_run: RunLine | null;
  last_runs: RunLine[];
  /** Null if it is not paused, or was not paused here. */
  pause: PauseNote | null;
}

export type TaskItem = TaskRuns & TaskTimes;

export interface TaskList extends Page<TaskItem> {
  as_of: string;
  scheduler_answers: boolean;
}

const runBody = z.strictObject({
  dry_run: z.boolean('must be true or false').optional(),
  /** For tasks that take it: repeat work that was done a short while ago. */
  force: z.boolean('must be true or false').optional(),
  params: z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number or true/false'),
    )
    .default({}),
});

/** The tasks: their last runs and next occurrences; routes to run, pause and resume them. */
export const taskRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/tasks',
    query: z.strictObject({
      runs: z
        .string()
        .regex(/^\d{1,2}$/, RUNS_RULE)
        .transform(Number)
        .pipe(z.number().min(1, RUNS_RULE).max(MAX_RUNS, RUNS_RULE))
        .default(MAX_RUNS),
    }),
    async handle({ context, query }): Promise<TaskList> {
      const [jobs, pauses, items] = await Promise.all([
        schedulerJobs(context),
        readPauses(context.store),
        Promise.all(tasks.map((task) => readLastRuns(context, task, query.runs))),
      ]);
      return {
        as_of: context.now.toISOString(),
        scheduler_answers: jobs !== null,
        items: items.map((item) => ({
          ...item,
          pause: pauses(item.id),
          ...(jobs ? toSchedule(jobs.find(({ id }) => id === item.id)) : readScheduleFile(context, item.id)),
        })),
        next_page: null,
      };
    },
  }),

  adminRoute({
    method: 'POST',
    path: '/v1/admin/tasks/{task}/run',
    query: z.strictObject({}),
    body: runBody,
    async handle({ context, path, body }) {
      const { status, reply } = await callTask(context, findTask(path.task), mergeParams(body));
      return new Answer(status, reply);
    },
  }),

  ...(['pause', 'resume'] as const).map((action) =>
    adminRoute({
      method: 'POST',
      path: `/v1/admin/tasks/{task}/${action}`,
      query: z.strictObject({}),
      body: z.strictObject({}),
      async handle({ context, path }) {
        const { name } = findTask(path.task);
        const paused = action === 'pause';
        // If one of the two steps fails, watch-runs still watches the task: a notice too many, not one too few.
        if (!paused) await recordPause(context, name, paused);
        const job = await setPaused(context.config, name, paused);
        if (paused) await recordPause(context, name, paused);
        return { id: name, task: name, ...toSchedule(job) };
      },
    }),
  ),
];

/** Merges the body's own fields into its `params`. Throws 400 for a parameter in both: neither may overwrite the other. */
function mergeParams({ params, ...fields }: z.infer<typeof runBody>): object {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  for (const [name] of given)
    if (Object.hasOwn(params, name))
      throw new HttpError(400, `The parameter ${name} is in both the body and its params; give it once.`);
  return { ...params, ...Object.fromEntries(given) };
}

function findTask(name: string | undefined): AnyTask {
  const task = tasks.find((one) => one.name === name);
  if (task) return task;
  throw new HttpError(404, `There is no such task; there are ${tasks.map((one) => one.name).join(', ')}.`);
}

/** Reads the jobs of Cloud Scheduler. Returns null if it does not answer: the runs are useful without it. */
async function schedulerJobs({ config, log }: AdminContext): Promise<SchedulerJob[] | null> {
  return listJobs(config).catch((error: unknown) => {
    log.warn(
      { error: error instanceof HttpError ? error.check : String(error) },
      'Cloud Scheduler does not answer; the tasks are shown without their jobs',
    );
    return null;
  });
}

function toSchedule(job: SchedulerJob | undefined): TaskTimes {
  return {
    schedule: job?.schedule ?? null,
    time_zone: job?.time_zone ?? null,
    next_occurrence: job?.next_occurrence ?? null,
    paused: job?.paused ?? null,
  };
}

/** Returns the deployed schedule file's data, without Cloud Scheduler. A pause made there is then unknown. */
function readScheduleFile({ now }: AdminContext, task: string): TaskTimes {
  const job = watchedSchedule().find((one) => one.task === task);
  if (!job) return toSchedule(undefined);
  const { schedule, time_zone, paused } = job;
  const next = paused ? null : nextOccurrence(schedule, time_zone, now).toISOString();
  return { schedule, time_zone, next_occurrence: next, paused: paused || null };
}

async function readLastRuns(
  { store }: AdminContext,
  task: AnyTask,
  count: number,
): Promise<Omit<TaskRuns, 'pause'>> {
  const { docs } = await lastRuns(store, task.name, count).get();
  const last_runs = docs.map(runLine);
  return {
    id: task.name,
    task: task.name,
    params: paramNames(task),
    budget_seconds: task.budgetSeconds,
    last_run: last_runs[0] ?? null,
    last_runs,
  };
}
