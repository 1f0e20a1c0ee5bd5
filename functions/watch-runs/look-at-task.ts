import type { Concern } from '../../shared/domains/watch/concern.ts';
import type { TaskView } from '../../shared/domains/watch/findings.ts';
import type { WatchedJob } from '../../shared/domains/watch/job.ts';
import { missedOf, occurrencesIn, runsFrom, type Span } from '../../shared/domains/watch/missed.ts';
import { type SeenRun, seenRun } from '../../shared/domains/watch/run.ts';
import type { WatchSettings } from '../../shared/domains/watch/settings.ts';
import { signatureOf, type WatchState } from '../../shared/domains/watch/state.ts';
import type { Vigil } from '../../shared/domains/watch/vigil.ts';
import { lastRuns } from '../../shared/runtime/ledger.ts';
import type { RunContext } from '../../shared/runtime/task.ts';

/**
 * Runs that are read per task. With seven tasks a run of watch-runs costs about 60 reads, or 0.5 million a month; at
 * 0.06 USD per 100,000 (https://cloud.google.com/firestore/pricing) that is 0.30 USD.
 */
const RUNS_PER_TASK = 8;
/** At most this many runs are read if the last eight do not reach back to an occurrence. */
const MAX_RUNS = 2_000;

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
  if (paused) return { job, view: null, concern: concern ?? { id: task, reason: 'paused' }, slept: [] };
  const runs = await runsOf(context, task);
  const due = since ? await missedIn(context, job, runs, dueSpan(job, since, vigil, context.now)) : [];
  const asleep = vigil.asleepSince !== null && !vigil.erratic;
  const view = { job, runs, missed: asleep ? [] : due, now: context.now, settings };
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
  runs: readonly SeenRun[],
  span: Span,
): Promise<Date[]> {
  const missed = missedOf(occurrencesIn(job, span), job, runs);
  const [first] = missed;
  const oldest = runs.at(-1)?.startedAt ?? 0;
  if (!first || runs.length < RUNS_PER_TASK || oldest < runsFrom(first).getTime()) return missed;
  const all = await runsOf(context, job.task, runsFrom(first));
  // Before the oldest run that was read nothing is known, so nothing is reported.
  const known = all.length < MAX_RUNS ? 0 : (all.at(-1)?.startedAt ?? 0);
  return missedOf(missed, job, all).filter((occurrence) => occurrence.getTime() >= known);
}

/** Reads the last runs of a task, newest first: eight, or those that began at or after an instant. */
export async function runsOf({ store }: LookContext, task: string, from?: Date): Promise<SeenRun[]> {
  const query = from
    ? lastRuns(store, task, MAX_RUNS).where('started_at', '>=', from)
    : lastRuns(store, task, RUNS_PER_TASK);
  const { docs } = await query.get();
  return docs.map(seenRun);
}
