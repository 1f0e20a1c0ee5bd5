import type { Finding } from './incident.ts';
import type { WatchedJob } from './job.ts';
import { isGood, isOpen, type SeenRun } from './run.ts';
import { isFlapping, type WatchState } from './state.ts';
import { utc } from './words.ts';

/** So many rounds of a task that were slept through are named; of the others only the count. */
const NAMED_ROUNDS = 5;

/** When the watchman looked last, and whether he has slept since. */
export interface Vigil {
  /** What came due before this has been judged. */
  lookedUntil: Date;
  /** His last sign of life, where it is longer ago than his period and grace; else null. */
  asleepSince: Date | null;
  /**
   * He sleeps again and again: somebody calls him by another rhythm than the schedule's, such as a web cron. Then what he
   * finds is told as if he had been awake.
   */
  erratic: boolean;
}

/**
 * The watchman's vigil from his own last runs, newest first; pure. A round that failed was awake and has judged nothing:
 * what it saw and could not tell is stored, and the rest is looked at again.
 */
export function vigilOf(own: readonly SeenRun[], job: WatchedJob, state: WatchState, now: Date): Vigil {
  const settled = state.settledUntil?.getTime() ?? 0;
  const ended = own.filter((run) => !isOpen(run) && run.startedAt < now.getTime());
  const looked = ended.find((run) => isGood(run) && run.complete) ?? ended.at(-1);
  const lookedUntil = Math.max(looked?.startedAt ?? now.getTime(), settled);
  const awake = Math.max(ended[0]?.startedAt ?? now.getTime(), settled);
  const asleep = now.getTime() - awake > (job.period_seconds + job.grace_seconds) * 1000;
  return {
    lookedUntil: new Date(lookedUntil),
    asleepSince: asleep ? new Date(awake) : null,
    erratic: asleep && isFlapping(state, { kind: 'asleep', task: job.task }, now),
  };
}

/** What the watchman says of his own sleep; nothing where he was awake. */
export function asleepFinding(
  { asleepSince }: Vigil,
  task: string,
  now: Date,
  slept: readonly { job: WatchedJob; slept: readonly Date[] }[],
): Finding[] {
  if (asleepSince === null) return [];
  const from = asleepSince.toISOString();
  const missed = slept.flatMap(({ job, slept: rounds }) =>
    rounds.length > 0 ? [`${job.task}: ${rounds.length} (${named(rounds)})`] : [],
  );
  return [{ kind: 'asleep', task, key: from, facts: { from, to: now.toISOString(), missed } }];
}

function named(rounds: readonly Date[]): string {
  const shown = rounds.slice(0, NAMED_ROUNDS).map(utc);
  return rounds.length > NAMED_ROUNDS ? `${shown.join(', ')}, …` : shown.join(', ');
}
