const DAY_MS = 86_400_000;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

/** The longest IANA name has 32 characters; the platform takes a second to refuse a name of 32,000. */
const MAX_ZONE = 64;

/** Returns true if this runtime knows the time zone. */
export function isZone(zone: string): boolean {
  if (zone.length > MAX_ZONE) return false;
  try {
    formatterOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** Zones change their offset on whole quarters of an hour only. */
const OFFSET_STEP_MS = 900_000;
/** The cache of offsets empties itself at this size. */
const MAX_OFFSETS = 100_000;
const offsets = new Map<string, Map<number, number>>();
let offsetCount = 0;

/** Returns a zone's offset in milliseconds. Asking Intl takes a hundred times as long as the cache. */
function offsetAt(instant: number, zone: string): number {
  const step = Math.floor(instant / OFFSET_STEP_MS);
  let known = offsets.get(zone);
  const found = known?.get(step);
  if (found !== undefined) return found;
  if (offsetCount >= MAX_OFFSETS) {
    offsets.clear();
    offsetCount = 0;
    known = undefined;
  }
  if (!known) {
    known = new Map();
    offsets.set(zone, known);
  }
  const offset = askOffset(step * OFFSET_STEP_MS, zone);
  known.set(step, offset);
  offsetCount += 1;
  return offset;
}

function askOffset(instant: number, zone: string): number {
  const part: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(instant)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - instant;
}

/**
 * Returns the local time of an instant as the milliseconds of a UTC clock that shows the same date and time. Days are then
 * always 86,400,000 apart, despite daylight saving.
 */
export function toLocal(instant: number, zone: string): number {
  return instant + offsetAt(instant, zone);
}

/**
 * Returns the instant of a local time, or the first one after `after` if autumn repeats it. A time that spring skips moves
 * forward by the skipped hour, so 02:30 becomes 03:30.
 */
export function toInstant(local: number, zone: string, after = Number.NEGATIVE_INFINITY): number {
  const offsetNear = (instant: number) => toLocal(instant, zone) - instant;
  const before = local - offsetNear(local - DAY_MS);
  const behind = local - offsetNear(local + DAY_MS);
  if (before === behind && before > after && toLocal(before, zone) === local) return before;
  const real = [before, behind]
    .filter((instant) => toLocal(instant, zone) === local)
    .sort((one, other) => one - other);
  return real.find((instant) => instant > after) ?? real.at(-1) ?? before;
}

/** Returns the instant N calendar days later at the same local time. */
export function addDays(instant: number, days: number, zone: string): number {
  return toInstant(toLocal(instant, zone) + days * DAY_MS, zone);
}

/** Returns the local midnight of the instant's day. */
export function startOfDay(instant: number, zone: string): number {
  const local = toLocal(instant, zone);
  return toInstant(local - (((local % DAY_MS) + DAY_MS) % DAY_MS), zone);
}
