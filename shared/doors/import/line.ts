import { Timestamp } from '@google-cloud/firestore';
import * as z from 'zod';
import { normaliseAddress } from '../mail/address.ts';
import { isDocumentId } from '../store/document-id.ts';

// The values of import lines, as zod schemas. They accept exports of SQL databases (row_to_json) and of MongoDB
// (mongoexport, https://www.mongodb.com/docs/manual/reference/mongodb-extended-json) unchanged.

/** Clocks differ by less than this; an instant further ahead has the wrong offset. */
const SKEW_MS = 5 * 60_000;

const isoInstant = z.iso.datetime({ offset: true });

/** Returns the value inside `{"$date": ...}`, `{"$oid": ...}` and `{"$numberLong": ...}`; any other unchanged. */
function unwrap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, inner] = entries[0] ?? [];
  if (entries.length !== 1) return value;
  if (name === '$date' && typeof inner === 'object') return Number(unwrap(inner));
  return name === '$date' || name === '$oid' || name === '$numberLong' ? inner : value;
}

/** Converts PostgreSQL's `2024-01-15 14:30:00.123456+00` to ISO 8601. */
const toIsoForm = (text: string) =>
  text
    .trim()
    .replace(/^(\d{4}-\d\d-\d\d) /, '$1T')
    .replace(/([+-]\d\d)(\d\d)?$/, (_, hours, rest) => `${hours}:${rest ?? '00'}`);

function toTimestamp(value: unknown): Timestamp | null {
  const plain = unwrap(value);
  if (typeof plain === 'number' && typeof value === 'object')
    return Number.isSafeInteger(plain) ? Timestamp.fromMillis(plain) : null;
  if (typeof plain !== 'string') return null;
  const iso = toIsoForm(plain.replace(/([+-]\d\d):(\d\d)$/, '$1$2'));
  if (!isoInstant.safeParse(iso).success) return null;
  const [, decimals = ''] = /[.](\d+)/.exec(iso) ?? [];
  const seconds = Date.parse(iso.replace(/[.]\d+/, '')) / 1000;
  return new Timestamp(seconds, Number(decimals.slice(0, 9).padEnd(9, '0')));
}

/** An instant in the past, with any number of decimals. */
export const pastInstant = (now: Date) =>
  z.unknown().transform((value, context) => {
    const found = toTimestamp(value);
    if (found === null) context.addIssue('must be an instant with its offset, such as 2026-03-31T09:00:00Z');
    else if (found.toMillis() <= now.getTime() + SKEW_MS) return found;
    else context.addIssue('lies in the future; is its offset right?');
    return z.NEVER;
  });

const ID_RULE = 'must be the id of a document: 1 to 1500 bytes without a slash';

/** The id of a row in the old database; numbers become text. */
export const rowId = z.unknown().transform((value, context) => {
  const plain = unwrap(value);
  const text = typeof plain === 'number' && Number.isSafeInteger(plain) ? String(plain) : plain;
  if (typeof text === 'string' && isDocumentId(text)) return text;
  context.addIssue(ID_RULE);
  return z.NEVER;
});

/** Text on one line, trimmed. */
export const oneLine = (max: number, min = 1) => {
  const rule = `must be a text of ${min} to ${max} characters on one line, without control characters`;
  return z
    .string(rule)
    .trim()
    .min(min, rule)
    .max(max, rule)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u, rule);
};

/** An e-mail address, normalised. */
export const emailAddress = z
  .string('must be one e-mail address, such as name@example.com')
  .transform((text, context) => {
    const address = normaliseAddress(text);
    if (address !== null) return address;
    context.addIssue('must be one e-mail address, such as name@example.com');
    return z.NEVER;
  });
