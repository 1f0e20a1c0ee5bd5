import {
  failuresInARow,
  fruitlessRuns,
  isQuick,
  isSlow,
  isUnsteady,
  overrunning,
  paceOf,
  runsCutShort,
  unsteadinessOf,
} from './health.ts';
import type { Finding, Incident } from './incident.ts';
import type { WatchedJob } from './job.ts';
import { goesOn } from './missed.ts';
import { isFailed, isFruitless, isGood, isOpen, type SeenRun } from './run.ts';
import type { WatchSettings } from './settings.ts';

/** The facts about one task in one run of watch-runs. */
export interface TaskView {
  job: WatchedJob;
  /** Its last runs, newest first. */
  runs: readonly SeenRun[];
  /** Occurrences without a run, whose grace ended since the last run of watch-runs. */
  missed: readonly Date[];
  now: Date;
  settings: WatchSettings;
}

const MAX_ERROR = 300;

/** Returns the problems of a task; pure. */
export function findingsOf(view: TaskView): Finding[] {
  const failing = failingFinding(view);
  return [
    missedFinding(view),
    overrunFinding(view),
    failing ?? unsteadyFinding(view),
    fruitlessFinding(view),
    cutShortFinding(view),
    slowFinding(view),
  ].flatMap((finding) => finding ?? []);
}

/**
 * Returns true if the cause of an incident is gone; pure. A slow task must be clearly quick again. Failures end with a run
 * that ends well: runs that only found another one at work say nothing.
 */
export function isOver({ kind, key }: Incident, view: TaskView): boolean {
  const { runs, job, missed, settings } = view;
  if (kind === 'missed') return missed.length === 0 && goesOn(new Date(key), runs);
  if (kind === 'overrun') return !runs.some((run) => run.id === key && isOpen(run));
  if (kind === 'failing') {
    const ended = runs.find((run) => isGood(run) || isFailed(run));
    return ended ? isGood(ended) : runs.length === 0;
  }
  if (kind === 'unsteady') return unsteadinessOf(runs).streaks <= 1;
  if (kind === 'fruitless') {
    const busy = runs.find((run) => isGood(run) && run.candidates > 0);
    return busy === undefined || !isFruitless(busy);
  }
  if (kind === 'cut_short') return runs.find(isGood)?.complete !== false;
  const pace = paceOf(runs, job, settings);
  return pace === null || isQuick(pace);
}

function missedFinding({ job, missed, runs }: TaskView): Finding | null {
  const [first] = missed;
  if (!first) return null;
  const last = runs.find(({ outcome }) => outcome !== 'skipped_overlap');
  return {
    kind: 'missed',
    task: job.task,
    key: first.toISOString(),
    facts: {
      occurrence: first.toISOString(),
      schedule: job.schedule,
      time_zone: job.time_zone,
      grace_seconds: job.grace_seconds,
      last_run: last ? last.id : null,
      last_started_at: last ? iso(last.startedAt) : null,
      last_outcome: last?.outcome ?? null,
    },
  };
}

function overrunFinding({ job, runs, now }: TaskView): Finding | null {
  const run = overrunning(runs, job, now).at(-1);
  if (!run) return null;
  const facts = {
    run: run.id,
    started_at: iso(run.startedAt),
    budget_seconds: run.budgetSeconds ?? job.budget_seconds,
  };
  return { kind: 'overrun', task: job.task, key: run.id, facts };
}

function failingFinding({ job, runs, settings }: TaskView): Finding | null {
  const streak = failuresInARow(runs);
  if (!streak || streak.failures < settings.failures_in_a_row) return null;
  const { failures, first, last } = streak;
  return {
    kind: 'failing',
    task: job.task,
    key: first.id,
    facts: {
      failures,
      since: iso(first.firstStartedAt),
      last_run: last.id,
      error: last.error?.slice(0, MAX_ERROR) ?? null,
    },
  };
}

/** Failures that alternate with successes never make a streak. */
function unsteadyFinding({ job, runs }: TaskView): Finding | null {
  const unsteadiness = unsteadinessOf(runs);
  const [last] = unsteadiness.failed;
  const first = unsteadiness.failed.at(-1);
  if (!first || !last || !isUnsteady(unsteadiness)) return null;
  return {
    kind: 'unsteady',
    task: job.task,
    key: first.id,
    facts: {
      failures: unsteadiness.failed.length,
      since: iso(first.firstStartedAt),
      last_run: last.id,
      error: last.error?.slice(0, MAX_ERROR) ?? null,
    },
  };
}

/** Each run ends well and nothing works: all mailboxes are out of reach, or the only recipient is refused. */
function fruitlessFinding({ job, runs, settings }: TaskView): Finding | null {
  const found = fruitlessRuns(runs, settings.failures_in_a_row);
  const [last] = found ?? [];
  const first = found?.at(-1);
  if (!found || !first || !last) return null;
  return {
    kind: 'fruitless',
    task: job.task,
    key: first.id,
    facts: {
      runs: found.length,
      since: iso(first.startedAt),
      last_run: last.id,
      failed: last.failed,
      waiting: last.waiting,
    },
  };
}

function cutShortFinding({ job, runs }: TaskView): Finding | null {
  const found = runsCutShort(runs);
  const [last] = found ?? [];
  const first = found?.at(-1);
  if (!found || !first || !last) return null;
  const facts = {
    runs: found.length,
    since: iso(first.startedAt),
    last_run: last.id,
    budget_seconds: last.budgetSeconds ?? job.budget_seconds,
    schedule: job.schedule,
  };
  return { kind: 'cut_short', task: job.task, key: first.id, facts };
}

function slowFinding({ job, runs, settings }: TaskView): Finding | null {
  const pace = paceOf(runs, job, settings);
  if (!pace || !isSlow(pace)) return null;
  return {
    kind: 'slow',
    task: job.task,
    key: pace.newest.id,
    facts: {
      median_seconds: pace.medianMs / 1000,
      limit_seconds: pace.limitMs / 1000,
      budget_seconds: job.budget_seconds,
      schedule: job.schedule,
    },
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
