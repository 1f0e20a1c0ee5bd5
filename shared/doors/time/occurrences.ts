import { Cron } from 'croner';

/** A valid unix-cron expression of five fields, in a valid IANA time zone. */
export interface Timetable {
  schedule: string;
  time_zone: string;
}

/** Makes a timetable that only computes: croner starts nothing without a function to call. */
export function timetable(expr: string, zone: string): Cron {
  return new Cron(expr.trim().split(/\s+/).join(' '), { timezone: zone, mode: '5-part' });
}

/** Returns the first occurrence strictly after an instant. */
export function nextOccurrence(expr: string, zone: string, from: Date): Date {
  const next = timetable(expr, zone).nextRun(from);
  if (!next) throw new RangeError(`"${expr}" has no occurrence after ${from.toISOString()}`);
  return next;
}

/** Returns the occurrences after one instant and up to another, in order. */
export function occurrencesBetween({ schedule, time_zone }: Timetable, after: Date, until: Date): Date[] {
  const table = timetable(schedule, time_zone);
  const all: Date[] = [];
  for (let next = table.nextRun(after); next !== null && next <= until; next = table.nextRun(next))
    all.push(next);
  return all;
}
