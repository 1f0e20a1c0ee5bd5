import { parseHeaders } from './headers.ts';

/** Mail systems that know no date say 1970, or the year 0. */
const FIRST_DATE = Date.UTC(1971, 0, 1);
const DAY_MS = 24 * 3_600_000;

/** Returns true for an instant at which a mail may have come. */
export const isReceivedAt = (date: unknown): date is Date =>
  date instanceof Date && date.getTime() >= FIRST_DATE;

/** Returns the date of the first Received field, which the last server wrote (RFC 5321, 4.4). */
export function receivedDate(headers: Buffer): Date | null {
  const [received = ''] = parseHeaders(headers).get('received') ?? [];
  const date = new Date(received.slice(received.lastIndexOf(';') + 1).trim());
  return isReceivedAt(date) ? date : null;
}

/**
 * Returns when a mail came, by the first of these dates that can be; else now. A later date than tomorrow counts as
 * tomorrow: the mail would stand first in every list for years.
 */
export function receivedAt(dates: readonly unknown[], now: Date): Date {
  const date = dates.find(isReceivedAt) ?? now;
  return new Date(Math.min(date.getTime(), now.getTime() + DAY_MS));
}
