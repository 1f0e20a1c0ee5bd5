import { toInstant, toLocal } from '../../../doors/time/zoned.ts';
import { calendarOf, type HolidayCalendar, isHoliday } from './holidays.ts';

/** The hours at which an organisation lets mail go out. */
export interface OpeningHours {
  zone: string;
  /** Monday to Friday, without public holidays. */
  businessDaysOnly: boolean;
  /** Absent: the public holidays of the zone. */
  holidays?: HolidayCalendar | null;
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

const minuteOf = (local: number) => Math.floor((((local % DAY_MS) + DAY_MS) % DAY_MS) / MINUTE_MS);

function closedLocally(
  local: number,
  { zone, businessDaysOnly, holidays, quiet }: OpeningHours,
): Closed | null {
  if (businessDaysOnly) {
    const weekday = new Date(local).getUTCDay();
    if (weekday === SATURDAY || weekday === SUNDAY) return 'weekend';
    if (isHoliday(local, holidays ?? calendarOf(zone))) return 'public_holiday';
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
