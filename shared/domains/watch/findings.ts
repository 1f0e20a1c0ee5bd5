import { failuresInARow, isQuick, isSlow, overrunning, paceOf } from './health.ts';
import type { Finding, Incident } from './incident.ts';
import type { WatchedJob } from './job.ts';
import { goesOn } from './missed.ts';
import { isGood, isOpen, type SeenRun } from './run.ts';
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
  return [missedFinding(view), overrunFinding(view), failingFinding(view), slowFinding(view)].flatMap(
    (finding) => finding ?? [],
  );
}

/**
 * Returns true if the cause of an incident is gone; pure. A slow task must be clearly quick again. Failures end with a run
 * that ends well.
 */
export function isOver({ kind, key }: Incident, view: TaskView): boolean {
  const { runs, job, missed, settings } = view;
  if (kind === 'missed') return missed.length === 0 && goesOn(new Date(key), runs);
  if (kind === 'overrun') return !runs.some((run) => run.id === key && isOpen(run));
  if (kind === 'failing') {
    const ended = runs.find((run) => isGood(run) || run.outcome === 'failed' || run.outcome === 'abandoned');
    return ended === undefined || isGood(ended);
  }
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
