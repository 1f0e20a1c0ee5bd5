/// <reference path="./jours-feries.d.ts" />
import getJoursFeries from '@socialgouv/jours-feries';
import { toInstant, toLocal } from '../../../doors/time/zoned.ts';

/** The hours at which an organisation lets mail go out. */
export interface OpeningHours {
  zone: string;
  /** Monday to Friday, without French public holidays. */
  businessDaysOnly: boolean;
  /** No mail from `from` (included) to `to` (excluded), in minutes since local midnight; it may span midnight. */
  quiet: { from: number; to: number } | null;
}

/** A reason why no mail goes out at an instant. */
export type Closed = 'quiet_hours' | 'weekend' | 'public_holiday';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const SATURDAY = 6;
const SUNDAY = 0;
/** Enough steps for the longest row of closed days, a weekend between holidays: each day takes at most two. */
const MAX_STEPS = 60;

const holidays = new Map<number, ReadonlySet<string>>();

/** Returns true on the eleven public holidays of metropolitan France (Code du travail, L3133-1). */
function isHoliday(local: number): boolean {
  const year = new Date(local).getUTCFullYear();
  let days = holidays.get(year);
  if (!days) {
    days = new Set(Object.values(getJoursFeries(year)).map(dateOf));
    holidays.set(year, days);
  }
  return days.has(new Date(local).toISOString().slice(0, 10));
}

/**
 * Returns the date that the library means by an instant near local midnight. Daylight saving may put that instant an
 * hour off, but the noon after it is always on the right day.
 */
function dateOf(day: Date): string {
  const noon = new Date(day.getTime() + DAY_MS / 2);
  return new Date(Date.UTC(noon.getFullYear(), noon.getMonth(), noon.getDate())).toISOString().slice(0, 10);
}

const minuteOf = (local: number) => Math.floor((((local % DAY_MS) + DAY_MS) % DAY_MS) / MINUTE_MS);

function closedLocally(local: number, { businessDaysOnly, quiet }: OpeningHours): Closed | null {
  if (businessDaysOnly) {
    const weekday = new Date(local).getUTCDay();
    if (weekday === SATURDAY || weekday === SUNDAY) return 'weekend';
    if (isHoliday(local)) return 'public_holiday';
  }
  if (!quiet || quiet.from === quiet.to) return null;
  const minute = minuteOf(local);
  const within =
    quiet.from < quiet.to
      ? minute >= quiet.from && minute < quiet.to
      : minute >= quiet.from || minute < quiet.to;
  return within ? 'quiet_hours' : null;
}

/** Returns why no mail may go out at this instant, or null if it may. */
export function closedAt(instant: number, hours: OpeningHours): Closed | null {
  return closedLocally(toLocal(instant, hours.zone), hours);
}

/** Returns the first instant from this one on at which mail may go out. Never moves back. */
export function nextOpen(instant: number, hours: OpeningHours): number {
  let at = instant;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const local = toLocal(at, hours.zone);
    const closed = closedLocally(local, hours);
    if (closed === null) return at;
    const midnight = local - (((local % DAY_MS) + DAY_MS) % DAY_MS);
    const quietTo = (hours.quiet?.to ?? 0) * MINUTE_MS;
    const sameDay = closed === 'quiet_hours' && local - midnight < quietTo;
    const next =
      closed === 'quiet_hours' ? (sameDay ? midnight : midnight + DAY_MS) + quietTo : midnight + DAY_MS;
    at = toInstant(next, hours.zone, at);
  }
  throw new Error(
    `No hour is open after ${new Date(instant).toISOString()}; shorten quiet_hours in the billing settings.`,
  );
}
