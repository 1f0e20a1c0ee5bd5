import { Cron } from 'croner';

/** When something is to run: a unix-cron expression of five fields, in an IANA time zone. Both are sound already. */
export interface Timetable {
  schedule: string;
  time_zone: string;
}

/** Never started: without a function to call, croner only computes. */
export function timetable(expr: string, zone: string): Cron {
  return new Cron(expr.trim().split(/\s+/).join(' '), { timezone: zone, mode: '5-part' });
}

/** The first occurrence strictly after an instant. */
export function nextOccurrence(expr: string, zone: string, from: Date): Date {
  const next = timetable(expr, zone).nextRun(from);
  if (!next) throw new RangeError(`"${expr}" has no occurrence after ${from.toISOString()}`);
  return next;
}

/** The occurrences after one instant and not after another, in order of time. */
export function occurrencesBetween({ schedule, time_zone }: Timetable, after: Date, until: Date): Date[] {
  const table = timetable(schedule, time_zone);
  const all: Date[] = [];
  for (let next = table.nextRun(after); next !== null && next <= until; next = table.nextRun(next))
    all.push(next);
  return all;
}
