import { startOfDay, toInstant, toLocal } from '../../../doors/time/zoned.ts';

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d\d-\d\d$/;
/** The texts of days empty themselves at this size. */
const MAX_DAYS = 10_000;
const daysByNumber = new Map<number, string>();

/** A day as a document stores it: an instant, and beside it the day as entered with the zone that it began in. */
export interface StoredDay {
  at: number | null;
  day: string | null;
  zone: string | null;
}

/** A day such as 2026-11-20. */
export interface DueDay {
  day: string;
  /** The instant that delays count from: the day's start in the zone, or an instant with a time as it was given. */
  start: number;
  /** The instant was given with a time of day. */
  isTimed: boolean;
}

/** Returns true for a real day of the calendar in the form 2026-11-20. */
export const isDay = (text: string): boolean => DAY.test(text) && dayOf(midnightOf(text)) === text;

/** Returns a day's midnight on a UTC clock. A simulation asks a million times, and Date.parse takes longer. */
const midnightOf = (day: string): number =>
  Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1, Number(day.slice(8)));

/** Returns the day of an instant on a UTC clock. */
function dayOf(local: number): string {
  const number = Math.floor(local / DAY_MS);
  const known = daysByNumber.get(number);
  if (known !== undefined) return known;
  if (daysByNumber.size >= MAX_DAYS) daysByNumber.clear();
  const day = new Date(local).toISOString().slice(0, 10);
  daysByNumber.set(number, day);
  return day;
}

/** Returns the day of an instant in a zone. */
export const dayAt = (instant: number, zone: string): string => dayOf(toLocal(instant, zone));

/** Returns the first instant of a day in a zone. */
export const startOf = (day: string, zone: string): number => toInstant(midnightOf(day), zone);

/** Returns the first instant of the day after. */
export const endOf = (day: string, zone: string): number => toInstant(midnightOf(day) + DAY_MS, zone);

/** Returns the number of days from one day to another. */
export const daysBetween = (from: string, to: string): number => (midnightOf(to) - midnightOf(from)) / DAY_MS;

/**
 * Reads a stored day for a zone. `zoneBefore` is the zone of rows that a change of zone has not reached.
 * - The stored day holds if the instant is its start in the zone stored with it.
 * - Else the instant is the truth. Exact UTC midnights, as most back ends write days, are that day.
 * - A midnight of the zone is that day too. Any other instant keeps its time.
 */
export function readDay(stored: StoredDay, zone: string, zoneBefore: string | null = null): DueDay | null {
  const { at } = stored;
  if (at === null) return null;
  const day = storedDay(stored) ?? bareDay(at, stored.zone ?? zoneBefore ?? zone);
  if (day === null) return { day: dayAt(at, zone), start: at, isTimed: true };
  return { day, start: startOf(day, zone), isTimed: false };
}

function storedDay({ at, day, zone }: StoredDay): string | null {
  return day !== null && zone !== null && isDay(day) && startOf(day, zone) === at ? day : null;
}

function bareDay(at: number, zone: string): string | null {
  if (at % DAY_MS === 0) return dayOf(at);
  return startOfDay(at, zone) === at ? dayAt(at, zone) : null;
}
