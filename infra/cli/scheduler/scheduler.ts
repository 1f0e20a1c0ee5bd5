import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { type Applied, applyPlan, prunePlan } from '../../scheduler/apply.ts';
import { readSchedule } from '../../scheduler/file.ts';
import { hasDrift, type PlannedJob, planSchedule } from '../../scheduler/plan.ts';
import { simulate } from '../../scheduler/simulate.ts';
import { UsageError } from '../run-task.ts';
import { findTarget } from '../target.ts';
import { tellWatchman } from '../tell-watchman.ts';
import { findScheduler, type PlaceOptions, type SchedulerPlan } from './place.ts';
import { appliedLine, jobLine, planJson, planLines, printAs } from './print.ts';
import { spanOf } from './span.ts';

/** `plan` exits with this when the service is not as the file says. */
const DRIFT = 3;

interface Common extends PlaceOptions {
  json?: true;
}

/** `ronde scheduler ...`: Cloud Scheduler from infra/scheduler.yaml. */
export function addSchedulerCommands(program: Command): void {
  const scheduler = program.command('scheduler').description('Cloud Scheduler, as infra/scheduler.yaml says');
  const command = (name: string, about: string) =>
    scheduler
      .command(name)
      .description(about)
      .option('--project <id>', 'the Google Cloud project; without it the local cloud, if one is up')
      .option('--region <name>', 'the region of the jobs')
      .option('--json', 'print JSON');
  command('plan', 'show what apply and prune would change; exit code 3 if anything').action(plan);
  command('apply', 'create, change, pause and resume jobs until they are as the file says; deletes nothing')
    .option('--adopt', 'take over jobs of the same name that are not marked as ours')
    .action(apply);
  command('prune', 'delete the jobs that are marked as ours and are no longer in the file')
    .option('--yes', 'do not ask')
    .action(prune);
  command('list', 'show every job with its state, next and last attempt').action(list);
  for (const [verb, about] of VERBS) command(`${verb} <job>`, about).action(manual(verb));
  scheduler
    .command('simulate')
    .description('show what fires when, daylight saving included; asks no service')
    .option('--from <instant>', 'the beginning, such as 2026-03-29 or 2026-03-29T00:00:00Z; now by default')
    .option('--to <instant>', 'the end, not included; a day after the beginning by default')
    .option('--job <name>', 'of one job only')
    .option('--json', 'print JSON')
    .action(showSimulation);
}

type Verb = 'run' | 'pause' | 'resume';
const VERBS: [Verb, string][] = [
  ['run', 'force one run of a job now; it does not use up the next scheduled one'],
  ['pause', 'stop the clock of a job; plan shows it as drift until the file says so too'],
  ['resume', 'start the clock of a job again'],
];

/** Opens the place, and closes its connections when the work is done. */
async function at<T>(options: PlaceOptions, work: (place: SchedulerPlan) => Promise<T>): Promise<T> {
  const place = findScheduler(options);
  try {
    return await work(place);
  } finally {
    await place.api.close();
  }
}

/** The plan; when the service does not answer, one line for each job of the file says that nothing was done. */
async function planOf({ api, wanted }: SchedulerPlan): Promise<PlannedJob[]> {
  const jobs = wanted();
  const server = await api.list().catch((error: Error) => {
    const ids = jobs.map(({ body }) => body.name.split('/').at(-1));
    throw new Error(
      ids.map((id) => `${id}: nothing done; the jobs cannot be read: ${error.message}`).join('\n'),
    );
  });
  return planSchedule(jobs, server);
}

async function plan(options: Common): Promise<void> {
  await at(options, async (place) => {
    const planned = await planOf(place);
    printAs(options, planJson(planned), () => planLines(planned, place.place));
    if (hasDrift(planned)) process.exitCode = DRIFT;
  });
}

async function apply(options: Common & { adopt?: true }): Promise<void> {
  await at(options, async (place) => {
    const planned = await planOf(place);
    const results = await applyPlan(planned, place.api, { adopt: options.adopt ?? false, ...live(options) });
    finish(options, results, `${place.place}: nothing to change`);
  });
}

async function prune(options: Common & { yes?: true }): Promise<void> {
  await at(options, async (place) => {
    const gone = (await planOf(place)).filter(({ kind }) => kind === 'delete');
    if (gone.length > 0 && !options.yes) await confirm(gone, place.place);
    finish(
      options,
      await prunePlan(gone, place.api, live(options).onApplied),
      `${place.place}: nothing to delete`,
    );
  });
}

/** Asks a person; where there is none, refuses. */
async function confirm(gone: readonly PlannedJob[], place: string): Promise<void> {
  const names = gone.map(({ id }) => id).join(', ');
  if (!process.stdin.isTTY) throw new UsageError(`Would delete ${names} in ${place}; give --yes to do it.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Delete ${names} in ${place}? [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Error('Nothing was deleted.');
}

const live = (options: Common) =>
  options.json ? {} : { onApplied: (result: Applied) => console.log(appliedLine(result)) };

function finish(options: Common, results: readonly Applied[], none: string): void {
  printAs(options, { results }, () => (results.length === 0 ? [none] : []));
  if (results.some(({ error }) => error !== null)) process.exitCode = 1;
}

async function list(options: Common): Promise<void> {
  await at(options, async ({ api }) => {
    const jobs = (await api.list()).sort((a, b) => a.name.localeCompare(b.name));
    const rows = jobs.map(jobLine);
    printAs(options, { jobs: rows }, () => (rows.length === 0 ? ['no jobs'] : rows.map((row) => row.line)));
  });
}

function manual(verb: Verb) {
  return (job: string, options: Common) =>
    at(options, async ({ api, prefix, place }) => {
      await api[verb](prefix + job).catch((error: Error) => {
        throw new Error(
          `${job}: ${verb} failed in ${place}: ${error.message} (ronde scheduler list shows the jobs)`,
        );
      });
      const watchman = verb === 'run' ? null : await tellWatchman(job, verb === 'pause', () => findTarget());
      printAs(options, { job, done: verb, watchman }, () => [
        `${job}: ${DONE[verb]}`,
        ...(watchman === null ? [] : [`${job}: ${watchman}`]),
      ]);
    });
}

const DONE: Record<Verb, string> = {
  run: 'a run was forced; task_runs and the log tell how it ends',
  pause: 'paused; set paused: true in infra/scheduler.yaml too, or the next apply resumes it',
  resume: 'resumed',
};

function showSimulation(options: { from?: string; to?: string; job?: string; json?: true }): void {
  const { from, to } = spanOf(options);
  const { jobs } = readSchedule();
  const chosen = jobs.filter((one) => options.job === undefined || one.function === options.job);
  if (chosen.length === 0)
    throw new UsageError(
      `There is no job ${JSON.stringify(options.job)}; there are ${jobs.map((one) => one.function).join(', ')}.`,
    );
  const occurrences = simulate(chosen, from, to);
  printAs(options, { occurrences }, () => [
    ...occurrences.map(
      ({ at: instant, local, job, note }) => `${instant}  ${local}  ${job}${note ? `  (${note})` : ''}`,
    ),
    `${occurrences.length} run(s) from ${from.toISOString()} to ${to.toISOString()}`,
  ]);
}
