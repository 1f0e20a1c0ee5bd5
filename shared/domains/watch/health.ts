import type { WatchedJob } from './job.ts';
import { isFailed, isFruitless, isGood, isOpen, isWork, type SeenRun } from './run.ts';

/** The grace after a run's budget: its last batch may end, and the lease of a killed run expires in 30 s. */
const OVERRUN_SLACK_SECONDS = 60;
/** The median of this many runs counts, since one slow night is no trend. As many runs cut short are one. */
const SLOW_RUNS = 5;
/** Failures come and go if they began this often in the last eight runs that ended. */
const UNSTEADY_RUNS = 8;
const UNSTEADY_STREAKS = 3;
/** A task counts as quick again only well below the limit, so that it does not come and go. */
const QUICK_SHARE = 0.8;
/** Tasks with a shorter period follow the originals' rule: a run of over 30 s needs a longer interval. */
const SHORT_PERIOD_SECONDS = 3_600;

/** Returns the open runs that should have ended by now, newest first. */
export function overrunning(runs: readonly SeenRun[], job: WatchedJob, now: Date): SeenRun[] {
  return runs.filter((run) => {
    const seconds = (run.budgetSeconds ?? job.budget_seconds) + OVERRUN_SLACK_SECONDS;
    return isOpen(run) && now.getTime() - run.startedAt >= seconds * 1000;
  });
}

/** Failures in a row that last until now. */
export interface Streak {
  /** Counts attempts, not records: one occurrence that fails in all its retries is a streak. */
  failures: number;
  first: SeenRun;
  last: SeenRun;
}

/** Returns the failures since the last run that ended well, or null. `runs` are newest first. */
export function failuresInARow(runs: readonly SeenRun[]): Streak | null {
  let failures = 0;
  const failed: SeenRun[] = [];
  for (const run of runs) {
    if (isGood(run)) break;
    const count = run.failedBefore + (isFailed(run) ? 1 : 0);
    if (count === 0) continue;
    failures += count;
    failed.push(run);
  }
  const [last, first] = [failed[0], failed.at(-1)];
  return first && last ? { failures, first, last } : null;
}

/** The duration of a task's runs, and its limit, in milliseconds. */
export interface Pace {
  medianMs: number;
  limitMs: number;
  newest: SeenRun;
}

export interface SlowLimits {
  /** Share of the budget. */
  slow_share: number;
  /** For tasks that run more often than hourly. */
  slow_seconds: number;
}

/** Returns the pace of the last five runs that ended well. Returns null if there are fewer. */
export function paceOf(runs: readonly SeenRun[], job: WatchedJob, limits: SlowLimits): Pace | null {
  const timed = runs.filter((run) => isGood(run) && run.durationMs !== null).slice(0, SLOW_RUNS);
  const [newest] = timed;
  if (!newest || timed.length < SLOW_RUNS) return null;
  const durations = timed.map(({ durationMs }) => durationMs ?? 0).sort((a, b) => a - b);
  const medianMs = durations[Math.floor(SLOW_RUNS / 2)] ?? 0;
  const share = limits.slow_share * job.budget_seconds;
  const seconds = job.period_seconds < SHORT_PERIOD_SECONDS ? Math.min(share, limits.slow_seconds) : share;
  return { medianMs, limitMs: seconds * 1000, newest };
}

export const isSlow = ({ medianMs, limitMs }: Pace): boolean => medianMs > limitMs;
export const isQuick = ({ medianMs, limitMs }: Pace): boolean => medianMs <= QUICK_SHARE * limitMs;

/** Returns the newest runs if none of them did anything and something failed in each, or null. */
export function fruitlessRuns(runs: readonly SeenRun[], count: number): SeenRun[] | null {
  const busy = runs.filter((run) => isGood(run) && run.candidates > 0).slice(0, count);
  return busy.length === count && busy.every(isFruitless) ? busy : null;
}

/** Returns the last five runs if their budget ended each of them early, or null. */
export function runsCutShort(runs: readonly SeenRun[]): SeenRun[] | null {
  const ended = runs.filter(isGood).slice(0, SLOW_RUNS);
  return ended.length === SLOW_RUNS && ended.every(({ complete }) => !complete) ? ended : null;
}

/** Failures that alternate with successes. */
export interface Unsteadiness {
  /** How often failures began, and the runs of the window in which something failed, newest first. */
  streaks: number;
  failed: SeenRun[];
}

/** Counts how often failures began in the last eight runs that ended. A run that only a retry healed is a failure too. */
export function unsteadinessOf(runs: readonly SeenRun[]): Unsteadiness {
  const ended = runs.filter((run) => isWork(run) && (isGood(run) || isFailed(run))).slice(0, UNSTEADY_RUNS);
  const isTroubled = (run: SeenRun | undefined) =>
    run !== undefined && (isFailed(run) || run.failedBefore > 0);
  // A healed run begins and ends its own streak.
  const begins = ended.filter((run, index) => {
    const older = ended[index + 1];
    return isTroubled(run) && (isGood(run) || older === undefined || !isFailed(older));
  });
  return { streaks: begins.length, failed: ended.filter(isTroubled) };
}

export const isUnsteady = ({ streaks }: Unsteadiness): boolean => streaks >= UNSTEADY_STREAKS;
