import { nextOccurrence } from '../../shared/doors/time/occurrences.ts';

/** One occurrence. */
export interface Occurrence {
  /** The instant, RFC 3339 in UTC. */
  at: string;
  /** The wall-clock time in the job's zone, with its offset. */
  local: string;
  job: string;
  /** A note for people if the clocks have changed since the previous occurrence. */
  note: string | null;
}

export interface SimulatedJob {
  function: string;
  schedule: string;
  time_zone: string;
  paused: boolean;
}

/** Nobody reads more. */
const MAX_OCCURRENCES = 10_000;

/**
 * Returns the occurrences from `from` up to, but not including, `to`, in order of time. Throws RangeError if there are
 * more than MAX_OCCURRENCES.
 *
 * - Paused jobs do not fire.
 * - Jobs follow the wall clock, as Cloud Scheduler documents it.
 * - A fixed hour that spring skips fires once the clocks have moved.
 * - A fixed hour that autumn repeats fires once.
 * - Hourly schedules fire in each hour that passes.
 */
export function simulate(jobs: readonly SimulatedJob[], from: Date, to: Date): Occurrence[] {
  const all: Occurrence[] = [];
  for (const job of jobs.filter(({ paused }) => !paused)) {
    let last = new Date(from.getTime() - 1);
    let offset: string | null = null;
    for (;;) {
      const next = nextOccurrence(job.schedule, job.time_zone, last);
      if (next >= to) break;
      if (all.length >= MAX_OCCURRENCES)
        throw new RangeError(`more than ${MAX_OCCURRENCES} occurrences; take a shorter span`);
      const wall = toWallClock(next, job.time_zone);
      const hasMoved = offset !== null && offset !== wall.offset;
      const note = hasMoved ? `clocks changed: ${offset} to ${wall.offset}` : null;
      all.push({ at: formatUtc(next), local: `${wall.text} ${wall.offset}`, job: job.function, note });
      offset = wall.offset;
      last = next;
    }
  }
  return all.sort((a, b) => a.at.localeCompare(b.at) || a.job.localeCompare(b.job));
}

const formatUtc = (instant: Date) => instant.toISOString().replace('.000Z', 'Z');

function toWallClock(instant: Date, timeZone: string): { text: string; offset: string } {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(
    instant,
  );
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  return { text: format.format(instant), offset };
}
