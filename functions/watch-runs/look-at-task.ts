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
 * Runs that are looked at per task and round. With seven tasks a round costs about 60 reads, which is 0.5 million a month;
 * at 0.06 USD per 100,000 (https://cloud.google.com/firestore/pricing) that is 0.30 USD.
 */
const RUNS_PER_TASK = 8;
/** Where those do not reach back far enough to call a round missed, so many are read at most. */
const MAX_RUNS = 2_000;

/** The part of a run's tools that looking needs; doctor looks without a run. */
export type LookContext = Pick<RunContext, 'store' | 'now'>;

/** What is seen of one task. */
export interface Look {
  job: WatchedJob;
  /** Null where it is paused. */
  view: TaskView | null;
  concern: Concern | null;
  /** Rounds missed while the watchman slept: told together, not one by one. */
  slept: readonly Date[];
}

interface Known {
  settings: WatchSettings;
  state: WatchState;
  vigil: Vigil;
}

/** Looks at one task. One that is seen for the first time, or by a new schedule, is watched from now on. */
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

/** The occurrences whose grace has ended since the watchman looked last, of the time in which the task is watched. */
function dueSpan({ grace_seconds }: WatchedJob, since: Date, { lookedUntil }: Vigil, now: Date): Span {
  const graceMs = grace_seconds * 1000;
  const after = Math.max(since.getTime(), lookedUntil.getTime() - graceMs);
  return { after: new Date(after), until: new Date(now.getTime() - graceMs) };
}

/** The occurrences of a span that nothing ran for. Where the runs at hand do not reach back to one, more are read. */
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
  // Of what lies before the runs that could be read nothing is known, and nothing is said.
  const known = all.length < MAX_RUNS ? 0 : (all.at(-1)?.startedAt ?? 0);
  return missedOf(missed, job, all).filter((occurrence) => occurrence.getTime() >= known);
}

/** The last runs of a task, newest first: eight, or those that began at or after an instant. */
export async function runsOf({ store }: LookContext, task: string, from?: Date): Promise<SeenRun[]> {
  const query = from
    ? lastRuns(store, task, MAX_RUNS).where('started_at', '>=', from)
    : lastRuns(store, task, RUNS_PER_TASK);
  const { docs } = await query.get();
  return docs.map(seenRun);
}
