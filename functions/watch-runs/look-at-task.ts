import type { Concern } from '../../shared/domains/watch/concern.ts';
import type { TaskView } from '../../shared/domains/watch/findings.ts';
import type { WatchedJob } from '../../shared/domains/watch/job.ts';
import { missedOf, occurrencesIn, runsFrom, type Span } from '../../shared/domains/watch/missed.ts';
import { isWork, type SeenRun, seenRun } from '../../shared/domains/watch/run.ts';
import type { WatchSettings } from '../../shared/domains/watch/settings.ts';
import { signatureOf, type WatchState } from '../../shared/domains/watch/state.ts';
import type { Vigil } from '../../shared/domains/watch/vigil.ts';
import { lastRuns } from '../../shared/runtime/ledger.ts';
import type { RunContext } from '../../shared/runtime/task.ts';

/**
 * Runs that are read per task, or as many as may fail in a row. With seven tasks a run of watch-runs costs about 60 reads, or
 * 0.5 million a month; at 0.03 USD per 100,000 (https://cloud.google.com/firestore/pricing) that is 0.15 USD.
 */
const RUNS_PER_TASK = 8;
/** At most this many runs are read if those do not reach back to an occurrence. */
const MAX_RUNS = 2_000;

/** The outcomes of runs that worked and ended. */
const WORKED = ['succeeded', 'nothing_to_do', 'partial', 'failed', 'abandoned'];

/** The part of a run that checking a task needs. `ronde doctor` checks without a run. */
export type LookContext = Pick<RunContext, 'store' | 'now'>;

/** The view of one task. */
export interface Look {
  job: WatchedJob;
  /** Null if it is paused. */
  view: TaskView | null;
  concern: Concern | null;
  /** Occurrences missed while watch-runs slept: reported together, not one by one. */
  slept: readonly Date[];
}

interface Known {
  settings: WatchSettings;
  state: WatchState;
  vigil: Vigil;
  /** The open runs of all tasks, newest first. */
  open: readonly SeenRun[];
}

/** Looks at one task. A new task, or one with a new schedule, is watched from now on. */
export async function lookAt(context: LookContext, job: WatchedJob, known: Known): Promise<Look> {
  const { settings, state, vigil } = known;
  const { task } = job;
  const paused = job.paused || settings.paused[task] === true;
  const signature = signatureOf(job, paused);
  const watched = state.tasks.get(task);
  const since = watched?.signature === signature ? watched.since : null;
  const watching: Concern = { id: `watching:${task}`, reason: 'watching', task, signature };
  const concern = since === null ? watching : null;
  if (paused) {
    const stale = since !== null && !job.paused && (await hasRunSince(context, task, since));
    const still: Concern = stale ? { id: task, reason: 'stale_pause', task } : { id: task, reason: 'paused' };
    return { job, view: null, concern: concern ?? still, slept: [] };
  }
  const read = await readRuns(context, job, known);
  const due = since ? await missedIn(context, job, read, dueSpan(job, since, vigil, context.now)) : [];
  const asleep = vigil.asleepSince !== null && !vigil.erratic;
  const view = { job, runs: read.runs, missed: asleep ? [] : due, now: context.now, settings };
  return { job, view, concern, slept: asleep ? due : [] };
}

/** Returns the span of occurrences whose grace ended since the last run, while the task was watched. */
function dueSpan({ grace_seconds }: WatchedJob, since: Date, { lookedUntil }: Vigil, now: Date): Span {
  const graceMs = grace_seconds * 1000;
  const after = Math.max(since.getTime(), lookedUntil.getTime() - graceMs);
  return { after: new Date(after), until: new Date(now.getTime() - graceMs) };
}

/** Returns the occurrences of a span without a run. Reads more runs if those at hand do not reach back. */
async function missedIn(
  context: LookContext,
  job: WatchedJob,
  { runs, reach }: KnownRuns,
  span: Span,
): Promise<Date[]> {
  const missed = missedOf(occurrencesIn(job, span), job, runs);
  const [first] = missed;
  if (!first || reach < runsFrom(first).getTime()) return missed;
  const all = await runsOf(context, job.task, { from: runsFrom(first) });
  // Before the oldest run that was read nothing is known, so nothing is reported.
  const known = all.length < MAX_RUNS ? 0 : (all.at(-1)?.startedAt ?? 0);
  return missedOf(missed, job, all).filter((occurrence) => occurrence.getTime() >= known);
}

/** The runs of a task that were read, newest first. Those since `reach` are all there are. */
interface KnownRuns {
  runs: readonly SeenRun[];
  reach: number;
}

/**
 * Reads the last runs of a task with its open ones. If most of them found another run at work, it also reads the last that
 * worked: a task behind its own lease would hide them.
 */
async function readRuns(context: LookContext, { task }: WatchedJob, known: Known): Promise<KnownRuns> {
  const limit = Math.max(RUNS_PER_TASK, known.settings.failures_in_a_row);
  const last = await runsOf(context, task, { limit });
  const isCrowded = last.length === limit && last.filter(isWork).length < limit / 2;
  const worked = isCrowded ? await runsThatWorked(context, task, limit) : [];
  const open = known.open.filter((run) => run.task === task);
  const all = new Map([...open, ...worked, ...last].map((run) => [run.id, run]));
  const runs = [...all.values()].sort((one, other) => other.startedAt - one.startedAt);
  return { runs, reach: last.length < limit ? 0 : (last.at(-1)?.startedAt ?? 0) };
}

/** Returns true if the task ran for an occurrence after this instant: a paused job has none. */
async function hasRunSince(context: LookContext, task: string, since: Date): Promise<boolean> {
  const runs = await runsOf(context, task);
  return runs.some(({ occurrence }) => occurrence !== null && occurrence > since.getTime());
}

/** Reads the last runs of a task, newest first: eight, as many as asked for, or those that began at or after an instant. */
export async function runsOf(
  { store }: LookContext,
  task: string,
  { from, limit = RUNS_PER_TASK }: { from?: Date; limit?: number } = {},
): Promise<SeenRun[]> {
  const query = from
    ? lastRuns(store, task, MAX_RUNS).where('started_at', '>=', from)
    : lastRuns(store, task, limit);
  const { docs } = await query.get();
  return docs.map(seenRun);
}

async function runsThatWorked({ store }: LookContext, task: string, limit: number): Promise<SeenRun[]> {
  const { docs } = await lastRuns(store, task, limit).where('outcome', 'in', WORKED).get();
  return docs.map(seenRun);
}

/** Reads the open runs of all tasks. */
export async function openRuns({ store }: LookContext): Promise<SeenRun[]> {
  const { docs } = await store.collection('task_runs').where('outcome', '==', null).get();
  return docs.map(seenRun);
}
