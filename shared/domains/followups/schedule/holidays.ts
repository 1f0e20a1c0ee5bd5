/// <reference path="./jours-feries.d.ts" />
import getJoursFeries from '@socialgouv/jours-feries';

const DAY_MS = 86_400_000;

/** The days that a region has besides the eleven of the whole country. */
interface Region {
  /** Good Friday and 26 December (Code du travail, L3134-13). */
  alsace?: boolean;
  /** The day of the abolition of slavery, as MM-DD (Code du travail, L3422-2). */
  abolition?: string;
}

/** Regions by ISO 3166-2; `FR` is the rest of the country. */
const REGIONS = {
  FR: {},
  'FR-57': { alsace: true },
  'FR-67': { alsace: true },
  'FR-68': { alsace: true },
  'FR-971': { abolition: '05-27' },
  'FR-972': { abolition: '05-22' },
  'FR-973': { abolition: '06-10' },
  'FR-974': { abolition: '12-20' },
  'FR-976': { abolition: '04-27' },
} as const satisfies Record<string, Region>;

/** The calendars of public holidays that an organisation may choose. */
export const CALENDARS = [...(Object.keys(REGIONS) as (keyof typeof REGIONS)[]), 'none'] as const;
export type HolidayCalendar = (typeof CALENDARS)[number];

/** French time zones. Any other zone has no holidays unless an organisation chooses a calendar. */
const BY_ZONE: Readonly<Record<string, HolidayCalendar>> = {
  'Europe/Paris': 'FR',
  'America/Guadeloupe': 'FR-971',
  'America/Martinique': 'FR-972',
  'America/Cayenne': 'FR-973',
  'Indian/Reunion': 'FR-974',
  'Indian/Mayotte': 'FR-976',
};

/** Returns the calendar of a zone. */
export const calendarOf = (zone: string): HolidayCalendar => BY_ZONE[zone] ?? 'none';

const known = new Map<string, ReadonlySet<string>>();

/** Returns true if a day is a public holiday. `day`: local midnight, as if it were UTC (milliseconds). */
export function isHoliday(day: number, calendar: HolidayCalendar): boolean {
  if (calendar === 'none') return false;
  const date = new Date(day);
  const year = date.getUTCFullYear();
  const key = `${calendar} ${year}`;
  const days = known.get(key) ?? holidaysOf(year, REGIONS[calendar]);
  known.set(key, days);
  return days.has(date.toISOString().slice(0, 10));
}

function holidaysOf(year: number, { alsace = false, abolition }: Region): ReadonlySet<string> {
  const days = Object.values(getJoursFeries(year, { alsace })).map(dateOf);
  return new Set(abolition ? [...days, `${year}-${abolition}`] : days);
}

/**
 * Returns the date that the library means by an instant near local midnight. Daylight saving may put that instant an
 * hour off, but the noon after it is always on the right day.
 */
function dateOf(day: Date): string {
  const noon = new Date(day.getTime() + DAY_MS / 2);
  return new Date(Date.UTC(noon.getFullYear(), noon.getMonth(), noon.getDate())).toISOString().slice(0, 10);
}
