import { now } from './clock.ts';
import type { Language } from './language.tsx';

const SECOND = 1000;
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400 * SECOND],
  ['hour', 3_600 * SECOND],
  ['minute', 60 * SECOND],
];

/** The country for formats if the browser names none, so that English does not mean the United States. */
const USUAL: Record<Language, string> = { en: 'en-GB', fr: 'fr-FR' };

/** Returns the reader's own locale of the page's language, such as en-AU, for dates and numbers. */
export function localeOf(language: Language): string {
  const own = navigator.languages.find((tag) => tag.startsWith(`${language}-`));
  return own ?? USUAL[language];
}

/** The reader's own time zone, in which the page shows every instant; UTC if the browser names none. */
export function zoneHere(): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return timeZone && timeZone !== 'Etc/Unknown' ? timeZone : 'UTC';
}

/** Date and time, in the browser's zone; with seconds, the zone is named too. */
export function instant(iso: string | null | undefined, language: Language, seconds = false): string {
  if (!iso || Number.isNaN(Date.parse(iso))) return '–';
  const date = { day: 'numeric', month: 'short', year: 'numeric' } as const;
  const time = { hour: 'numeric', minute: '2-digit' } as const;
  const exact = seconds ? ({ second: '2-digit', timeZoneName: 'short' } as const) : {};
  return new Intl.DateTimeFormat(localeOf(language), { ...date, ...time, ...exact }).format(new Date(iso));
}

/** A day without a time, such as a due date, in the zone in which it is a day. */
export function dayOf(iso: string | null | undefined, language: Language, timeZone?: string): string {
  if (!iso || Number.isNaN(Date.parse(iso))) return '–';
  const options = { dateStyle: 'medium', ...(timeZone ? { timeZone } : {}) } as const;
  return new Intl.DateTimeFormat(localeOf(language), options).format(new Date(iso));
}

/** How long ago or how far ahead, in the largest unit that fits. */
export function distance(iso: string, language: Language, style: 'long' | 'short' = 'long'): string {
  const ms = Date.parse(iso) - now().getTime();
  const format = new Intl.RelativeTimeFormat(localeOf(language), { numeric: 'auto', style });
  const [unit, length] = STEPS.find(([, size]) => Math.abs(ms) >= size) ?? ['second', SECOND];
  return format.format(Math.trunc(ms / length), unit);
}

/** A span of time: milliseconds below a second, else seconds. */
export function span(ms: number | null, language: Language): string {
  if (ms === null) return '–';
  const short = ms < SECOND;
  return new Intl.NumberFormat(localeOf(language), {
    style: 'unit',
    unit: short ? 'millisecond' : 'second',
    maximumFractionDigits: short || ms >= 100 * SECOND ? 0 : 1,
  }).format(short ? ms : ms / SECOND);
}

/** A price in US dollars, to the millionth: a run costs fractions of a cent. */
export function price(usd: number | null, language: Language): string {
  if (usd === null) return '–';
  const options = { style: 'currency', currency: 'USD', maximumFractionDigits: 6 } as const;
  return new Intl.NumberFormat(localeOf(language), options).format(usd);
}

/** An amount in its currency; a plain number if the currency is not a code of three letters. */
export function amountText(amount: number, currency: string | null | undefined, language: Language): string {
  const isCode = /^[A-Za-z]{3}$/.test(currency ?? '');
  const options = isCode
    ? ({ style: 'currency', currency: currency as string } as const)
    : { minimumFractionDigits: 2 };
  return new Intl.NumberFormat(localeOf(language), options).format(amount);
}

export function whole(count: number, language: Language): string {
  return new Intl.NumberFormat(localeOf(language)).format(count);
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** A size in the unit that fits. */
export function bytes(count: number | null, language: Language): string {
  if (count === null) return '–';
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(count, 1)) / 3));
  const format = { style: 'unit', unit: UNITS[step], maximumFractionDigits: step > 1 ? 1 : 0 } as const;
  return new Intl.NumberFormat(localeOf(language), format).format(count / 1000 ** step);
}

const HOUR_S = 3600;
const MINUTE_S = 60;

/** A longer span in the two largest units that fit: hours and minutes, minutes and seconds, or seconds. */
export function longSpan(seconds: number, language: Language): string {
  const rounded = Math.round(seconds);
  const unit = (value: number, name: string) =>
    new Intl.NumberFormat(localeOf(language), { style: 'unit', unit: name, unitDisplay: 'short' }).format(
      value,
    );
  if (rounded >= HOUR_S)
    return `${unit(Math.floor(rounded / HOUR_S), 'hour')} ${unit(Math.floor((rounded % HOUR_S) / MINUTE_S), 'minute')}`;
  if (rounded >= MINUTE_S)
    return `${unit(Math.floor(rounded / MINUTE_S), 'minute')} ${unit(rounded % MINUTE_S, 'second')}`;
  return unit(rounded, 'second');
}

/** Formats a day that the API gives without a time zone. */
export function dayName(day: string, language: Language): string {
  const options = { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(localeOf(language), options).format(new Date(`${day}T00:00:00Z`));
}

/** Formats a share in percent, or – if the whole is 0. */
export function share(part: number, whole: number, language: Language): string {
  if (whole === 0) return '–';
  const options = { style: 'percent', maximumFractionDigits: 0 } as const;
  return new Intl.NumberFormat(localeOf(language), options).format(part / whole);
}
