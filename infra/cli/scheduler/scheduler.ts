import type { Command } from 'commander';
import { type Applied, applyPlan, prunePlan } from '../../scheduler/apply.ts';
import { readSchedule } from '../../scheduler/file.ts';
import { hasDrift, type PlannedJob, planSchedule } from '../../scheduler/plan.ts';
import { simulate } from '../../scheduler/simulate.ts';
import { findTarget } from '../target.ts';
import { alignRows, confirm } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { findScheduler, type ScheduleTarget } from './place.ts';
import { describeApplied, describeJob, describePlan, printResult, toPlanJson } from './print.ts';
import { reportPause } from './report-pause.ts';
import { parseSpan } from './span.ts';

/** The exit code of `plan` if the service differs from the file. */
const DRIFT = 3;

interface SchedulerFlags {
  json?: true;
}

/** Adds `ronde scheduler ...`: brings Cloud Scheduler in line with infra/scheduler.yaml. */
export function addSchedulerCommands(program: Command): void {
  const scheduler = program
    .command('scheduler')
    .description('bring Cloud Scheduler in line with infra/scheduler.yaml');
  const command = (name: string, about: string) =>
    scheduler.command(name).description(about).option('--json', 'print JSON');
  command('plan', 'show what apply and prune would change; exit code 3 if anything').action(printPlan);
  command('apply', 'create, change, pause and resume jobs as the file says; deletes nothing')
    .option('--adopt', 'take over jobs of the same name that are not marked as ours')
    .option(
      '--resume',
      'resume the jobs that a person paused; without it they stay paused, and the exit code is 3',
    )
    .action(applySchedule);
  command('prune', 'delete the jobs that are marked as ours and are not in the file')
    .option('--yes', 'do not ask')
    .action(pruneJobs);
  command('list', 'show every job with its state, next and last attempt').action(listJobs);
  for (const [verb, about] of VERBS) command(`${verb} <job>`, about).action(controlJob(verb));
  scheduler
    .command('simulate')
    .description('show which job fires when, daylight saving included; calls no service')
    .option('--from <instant>', 'the start, such as 2026-03-29 or 2026-03-29T00:00:00Z; now by default')
    .option('--to <instant>', 'the end, not included; a day after the start by default')
    .option('--job <name>', 'only this job')
    .option('--json', 'print JSON')
    .action(printSimulation);
}

type Verb = 'run' | 'pause' | 'resume';
const VERBS: [Verb, string][] = [
  ['run', 'force a run of a job now, beside its next scheduled one'],
  ['pause', 'pause a job; plan shows drift until it is resumed'],
  ['resume', 'resume a job'],
];

/** Opens the service, and closes its connections after the work. */
async function withScheduler<T>(work: (place: ScheduleTarget) => Promise<T>): Promise<T> {
  const place = findScheduler();
  try {
    return await work(place);
  } finally {
    await place.api.close();
  }
}

/** Plans the changes. Throws an error with a line per job of the file if the service does not answer. */
async function makePlan({ api, wanted, prefix }: ScheduleTarget): Promise<PlannedJob[]> {
  const jobs = wanted();
  const server = await api.list().catch((error: Error) => {
    const ids = jobs.map(({ body }) => body.name.split('/').at(-1));
    throw new Error(
      ids.map((id) => `${id}: nothing done; the jobs cannot be read: ${error.message}`).join('\n'),
    );
  });
  return planSchedule(jobs, server, prefix);
}

async function printPlan(flags: SchedulerFlags): Promise<void> {
  await withScheduler(async (place) => {
    const plan = await makePlan(place);
    printResult(flags, toPlanJson(plan), () => describePlan(plan, place.place));
    if (hasDrift(plan)) process.exitCode = DRIFT;
  });
}

async function applySchedule(flags: SchedulerFlags & { adopt?: true; resume?: true }): Promise<void> {
  await withScheduler(async (place) => {
    const plan = await makePlan(place);
    const { adopt = false, resume = false } = flags;
    const results = await applyPlan(plan, place.api, { adopt, resume, ...progressOf(flags) });
    printApplied(flags, results, `${place.place}: nothing to change`);
    for (const { id, done } of results) {
      if (!done.includes('resume')) continue;
      const task = id.slice(place.prefix.length);
      process.stderr.write(`${id}: ${await reportPause(task, false, findTarget)}\n`);
    }
    const isLeft = results.some(({ left }) => left);
    if (isLeft && process.exitCode === undefined) process.exitCode = DRIFT;
  });
}

async function pruneJobs(flags: SchedulerFlags & { yes?: true }): Promise<void> {
  await withScheduler(async (place) => {
    const gone = (await makePlan(place)).filter(({ kind }) => kind === 'delete');
    if (gone.length > 0 && !flags.yes) await confirmDeletion(gone, place.place);
    const results = await prunePlan(gone, place.api, progressOf(flags).onApplied);
    printApplied(flags, results, `${place.place}: nothing to delete`);
  });
}

/** Asks before deleting. Throws unless a person answers yes. */
async function confirmDeletion(gone: readonly PlannedJob[], place: string): Promise<void> {
  const names = gone.map(({ id }) => id).join(', ');
  if (!process.stdin.isTTY) throw new UsageError(`Would delete ${names} in ${place}; give --yes to do it.`);
  if (!(await confirm(`Delete ${names} in ${place}?`))) throw new Error('Nothing was deleted.');
}

/** Prints each job as soon as it is finished, unless --json asks for one answer. */
const progressOf = (flags: SchedulerFlags) =>
  flags.json ? {} : { onApplied: (result: Applied) => console.log(describeApplied(result)) };

function printApplied(flags: SchedulerFlags, results: readonly Applied[], none: string): void {
  printResult(flags, { results }, () => (results.length === 0 ? [none] : []));
  if (results.some(({ error }) => error !== null)) process.exitCode = 1;
}

async function listJobs(flags: SchedulerFlags): Promise<void> {
  await withScheduler(async ({ api }) => {
    const jobs = (await api.list()).sort((a, b) => a.name.localeCompare(b.name));
    const rows = jobs.map(describeJob);
    printResult(flags, { jobs: rows.map(({ fields }) => fields) }, () =>
      rows.length === 0 ? ['no jobs'] : alignRows(rows.map(({ cells }) => cells)),
    );
  });
}

function controlJob(verb: Verb) {
  return (job: string, flags: SchedulerFlags) =>
    withScheduler(async ({ api, path, prefix, place }) => {
      await api[verb](path + prefix + job).catch((error: Error) => {
        throw new Error(
          `${job}: ${verb} failed in ${place}: ${error.message} (ronde scheduler list shows the jobs)`,
        );
      });
      const watchman = verb === 'run' ? null : await reportPause(job, verb === 'pause', findTarget);
      printResult(flags, { job, done: verb, watchman }, () => [
        `${job}: ${DONE[verb]}`,
        ...(watchman === null ? [] : [`${job}: ${watchman}`]),
      ]);
    });
}

const DONE: Record<Verb, string> = {
  run: 'a run was forced; task_runs and the log show how it ends',
  pause: 'paused; apply and deploy.sh leave it paused until ronde scheduler resume, or apply --resume',
  resume: 'resumed',
};

function printSimulation(flags: { from?: string; to?: string; job?: string; json?: true }): void {
  const { from, to } = parseSpan(flags);
  const { jobs } = readSchedule();
  const selection = jobs.filter((one) => flags.job === undefined || one.function === flags.job);
  if (selection.length === 0)
    throw new UsageError(
      `There is no job ${JSON.stringify(flags.job)}; there are ${jobs.map((one) => one.function).join(', ')}.`,
    );
  const occurrences = simulate(selection, from, to);
  printResult(flags, { occurrences }, () => [
    ...alignRows(
      occurrences.map(({ at: instant, local, job, note }) => [instant, local, job, note ? `(${note})` : '']),
    ),
    `${occurrences.length} run(s) from ${from.toISOString()} to ${to.toISOString()}`,
  ]);
}
