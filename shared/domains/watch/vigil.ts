import type { Finding } from './incident.ts';
import type { WatchedJob } from './job.ts';
import { isGood, isOpen, type SeenRun } from './run.ts';
import { isFlapping, type WatchState } from './state.ts';
import { utc } from './words.ts';

/** At most this many missed occurrences of a task are named; the others are counted. */
const NAMED_OCCURRENCES = 5;

/** The last runs of watch-runs itself, and whether it slept since. */
export interface Vigil {
  /** Occurrences before this are judged already. */
  lookedUntil: Date;
  /** The start of its last run, if that is longer ago than its period and grace; else null. */
  asleepSince: Date | null;
  /**
   * True if it sleeps repeatedly, because a web cron or another caller uses a slower rhythm than the schedule's. Its
   * findings are then reported as usual.
   */
  erratic: boolean;
}

/**
 * Derives the vigil from the last runs of watch-runs, newest first; pure. A failed run counts as awake but judged nothing:
 * the next run looks at the same occurrences again.
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

/** Returns the finding of a sleep, or nothing if there was none. */
export function asleepFinding(
  { asleepSince }: Vigil,
  task: string,
  now: Date,
  slept: readonly { job: WatchedJob; slept: readonly Date[] }[],
): Finding[] {
  if (asleepSince === null) return [];
  const from = asleepSince.toISOString();
  const missed = slept.flatMap(({ job, slept: occurrences }) =>
    occurrences.length > 0 ? [`${job.task}: ${occurrences.length} (${formatOccurrences(occurrences)})`] : [],
  );
  return [{ kind: 'asleep', task, key: from, facts: { from, to: now.toISOString(), missed } }];
}

function formatOccurrences(occurrences: readonly Date[]): string {
  const named = occurrences.slice(0, NAMED_OCCURRENCES).map(utc);
  return occurrences.length > NAMED_OCCURRENCES ? `${named.join(', ')}, …` : named.join(', ');
}
