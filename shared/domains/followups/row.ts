import { normaliseAddress } from '../../doors/mail/address.ts';
import { millis } from '../../doors/store/firestore.ts';
import { isZone } from '../../doors/time/zoned.ts';
import { MAX_LINK } from './limits.ts';
import { isDay } from './schedule/days.ts';
import type { FollowupType } from './schedule/schedule.ts';

/** No document that is still open is older. */
export const FIRST_DAY = Date.parse('1990-01-01T00:00:00Z');
/** ISO 8601 with its offset. Its parts have fixed lengths, but for the decimals. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;
/** Python and SQL write a day as a midnight without an offset. */
const MIDNIGHT = /^(\d{4}-\d\d-\d\d)[T ]00:00(:00(\.0{1,9})?)?$/;
const COUNT = /^\d{1,4}$/;
const MAX_TEXT = 40;
/** RFC 5322 lines end at 998 characters. */
const MAX_MESSAGE_ID = 998;

/**
 * Reads the fields of a row that another back end may have written in another form. A value that has one meaning is read;
 * any other is a fault, and its follow-up is parked.
 */
export class RowReader {
  /** The faults found so far, each with field, value and rule. */
  readonly faults: string[] = [];
  readonly #get: (name: string) => unknown;

  constructor(get: (name: string) => unknown) {
    this.#get = (name) => get(name) ?? null;
  }

  text(name: string): string | null {
    return toText(this.#get(name));
  }

  /** Reads a timestamp, or ISO 8601 as text: an instant with its offset, or a day, which is its UTC midnight. */
  instant(name: string): number | null {
    const value = this.#get(name);
    const at = millis(value) ?? toMillis(value);
    if (at === null && value !== null) this.#fault(name, value, 'is no timestamp and no ISO 8601 instant');
    return at;
  }

  /** Reads the day of a document. Back ends write year 1 or 1970 if they know none. */
  day(name: string): number | null {
    const at = this.instant(name);
    if (at === null || at >= FIRST_DAY) return at;
    this.#fault(name, new Date(at).toISOString(), 'is before 1990');
    return null;
  }

  /** Reads a whole number of at least `least`, also as text. Null if it is missing. */
  count(name: string, least: number): number | null {
    const value = this.#get(name);
    if (value === null) return null;
    const count = typeof value === 'string' && COUNT.test(value.trim()) ? Number(value) : value;
    if (Number.isInteger(count) && Number(count) >= least) return Number(count);
    this.#fault(name, value, `is no whole number of at least ${least}`);
    return null;
  }

  /** Reads one of a list of words, in any case. Returns null for a missing or unknown one, which is a fault. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | null {
    const value = this.#get(name);
    const word = typeof value === 'string' ? value.trim().toLowerCase() : null;
    const known = words.find((one) => one === word);
    if (known === undefined) this.#fault(name, value, `is not one of ${words.join(', ')}`);
    return known ?? null;
  }

  type(): FollowupType {
    return this.word('type', ['invoice', 'quote']) ?? 'invoice';
  }

  /** Reads an https address. A mail goes without any other one. */
  link(name: string): string | null {
    const text = this.text(name);
    return text !== null && isLink(text) ? text : null;
  }

  zone(name: string): string | null {
    const zone = this.text(name);
    return zone !== null && isZone(zone) ? zone : null;
  }

  messageIds(name: string): readonly string[] {
    const value = this.#get(name);
    return Array.isArray(value) ? value.filter(isMessageId) : [];
  }

  #fault(name: string, value: unknown, rule: string): void {
    const shown = JSON.stringify(value)?.slice(0, MAX_TEXT) ?? 'nothing';
    this.faults.push(`${name} ${shown} ${rule}; correct it in the system that writes it, or by PATCH.`);
  }
}

/** Returns true for an https address that a mail may link to. */
export function isLink(text: string): boolean {
  const isPlain = text.length <= MAX_LINK && text.startsWith('https://') && !/[\s<>"\p{C}]/u.test(text);
  return isPlain && URL.canParse(text);
}

/** Returns true if two texts are two addresses, whatever their case and the white space around them. */
export const isOtherAddress = (one: string | null, other: string | null): boolean =>
  (one === null ? null : (normaliseAddress(one) ?? one)) !==
  (other === null ? null : (normaliseAddress(other) ?? other));

/** Returns a text without white space around it, or null for anything else and for an empty one. */
export const toText = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null;

function toMillis(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const text = value.trim();
  const day = MIDNIGHT.exec(text)?.[1] ?? text;
  if (isDay(day)) return Date.parse(day);
  const at = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

function isMessageId(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_MESSAGE_ID || /\s/.test(value)) return false;
  return value.startsWith('<') && value.endsWith('>') && value.includes('@');
}
