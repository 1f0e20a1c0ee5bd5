import { nextOccurrence } from '../../shared/doors/time/occurrences.ts';

/** One occurrence. */
export interface Occurrence {
  /** The instant, RFC 3339 in UTC. */
  at: string;
  /** The wall-clock time in the job's zone, with its offset. */
  local: string;
  job: string;
  /** What a person should know of it: that the clocks have changed since the one before. */
  note: string | null;
}

export interface SimulatedJob {
  function: string;
  schedule: string;
  time_zone: string;
  paused: boolean;
}

/** More would not be read by anybody. */
const MAX_OCCURRENCES = 10_000;

/**
 * What fires from `from` up to, but not at, `to`, in order of time; paused jobs do not. Daylight saving as Cloud Scheduler
 * documents it: the wall clock decides, so a fixed hour that spring skips fires when the clocks have moved, and one that
 * autumn repeats fires once; schedules of every hour fire in each hour that passes. Throws RangeError for a span that
 * holds more than MAX_OCCURRENCES.
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
      const wall = wallClock(next, job.time_zone);
      const moved = offset !== null && offset !== wall.offset;
      const note = moved ? `clocks changed: ${offset} to ${wall.offset}` : null;
      all.push({ at: utc(next), local: `${wall.text} ${wall.offset}`, job: job.function, note });
      offset = wall.offset;
      last = next;
    }
  }
  return all.sort((a, b) => a.at.localeCompare(b.at) || a.job.localeCompare(b.job));
}

const utc = (instant: Date) => instant.toISOString().replace('.000Z', 'Z');

function wallClock(instant: Date, timeZone: string): { text: string; offset: string } {
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
