import { now } from './clock.ts';
import type { Language } from './language.tsx';

const SECOND = 1000;
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400 * SECOND],
  ['hour', 3_600 * SECOND],
  ['minute', 60 * SECOND],
];

/** Date and time, in the browser's zone. */
export function instant(iso: string | null | undefined, language: Language, seconds = false): string {
  if (!iso || Number.isNaN(Date.parse(iso))) return '–';
  const timeStyle = seconds ? 'medium' : 'short';
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle }).format(new Date(iso));
}

/** How long ago or how far ahead, in the largest unit that fits. */
export function distance(iso: string, language: Language): string {
  const ms = Date.parse(iso) - now().getTime();
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const [unit, length] = STEPS.find(([, size]) => Math.abs(ms) >= size) ?? ['second', SECOND];
  return format.format(Math.trunc(ms / length), unit);
}

/** A span of time: milliseconds below a second, else seconds. */
export function span(ms: number | null, language: Language): string {
  if (ms === null) return '–';
  const short = ms < SECOND;
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: short ? 'millisecond' : 'second',
    maximumFractionDigits: short || ms >= 100 * SECOND ? 0 : 1,
  }).format(short ? ms : ms / SECOND);
}

/** A price in US dollars, to the millionth: a run costs fractions of a cent. */
export function price(usd: number | null, language: Language): string {
  if (usd === null) return '–';
  const options = { style: 'currency', currency: 'USD', maximumFractionDigits: 6 } as const;
  return new Intl.NumberFormat(language, options).format(usd);
}

export function whole(count: number, language: Language): string {
  return new Intl.NumberFormat(language).format(count);
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** A size in the unit that fits. */
export function bytes(count: number | null, language: Language): string {
  if (count === null) return '–';
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(count, 1)) / 3));
  const format = { style: 'unit', unit: UNITS[step], maximumFractionDigits: step > 1 ? 1 : 0 } as const;
  return new Intl.NumberFormat(language, format).format(count / 1000 ** step);
}

const HOUR_S = 3600;
const MINUTE_S = 60;

/** A longer span in the two largest units that fit: hours and minutes, minutes and seconds, or seconds. */
export function longSpan(seconds: number, language: Language): string {
  const rounded = Math.round(seconds);
  const unit = (value: number, name: string) =>
    new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  if (rounded >= HOUR_S)
    return `${unit(Math.floor(rounded / HOUR_S), 'hour')} ${unit(Math.floor((rounded % HOUR_S) / MINUTE_S), 'minute')}`;
  if (rounded >= MINUTE_S)
    return `${unit(Math.floor(rounded / MINUTE_S), 'minute')} ${unit(rounded % MINUTE_S, 'second')}`;
  return unit(rounded, 'second');
}

/** A day that the API names, of whatever zone. */
export function dayName(day: string, language: Language): string {
  const options = { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(language, options).format(new Date(`${day}T00:00:00Z`));
}

/** A share of a whole in percent; – where there is no whole. */
export function share(part: number, whole: number, language: Language): string {
  if (whole === 0) return '–';
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }).format(part / whole);
}
