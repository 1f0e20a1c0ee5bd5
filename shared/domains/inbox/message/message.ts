import { Timestamp } from '@google-cloud/firestore';
import type { MessageAddressObject } from 'imapflow';
import { decodeCharset, decodeHtml } from './charset.ts';
import { decodeTextTransfer } from './decode.ts';
import {
  type DeliveryReport,
  enclosedIn,
  isComplaint,
  parseDeliveryStatus,
  readPlainReport,
} from './delivery.ts';
import { messageIdsIn, parseHeaders, referencesOf } from './headers.ts';
import { htmlToText } from './html.ts';
import { MAX_ADDRESSES, MAX_PART_BYTES, type Outline, type PartBytes } from './outline.ts';
import { receivedAt } from './received.ts';
import { sanitise } from './sanitise.ts';
import type { Shape, TextPart } from './structure.ts';
import { capBytes, cleanText, MAX_HTML_BYTES, MAX_TEXT_BYTES, snippetOf } from './text.ts';
import { authorsOf, isBulk, type Writer, writerOf } from './writer/writer.ts';

const MAX_SUBJECT_BYTES = 4_000;
const MAX_NAME_BYTES = 300;
const MAX_FLAGS = 50;

export interface Address {
  name: string;
  /** As the sender wrote it, lower-case; '' where there is none. */
  address: string;
}

/** A message as it was read; what depends on where it lies and on others (identity, thread) is added when it is stored. */
export interface ReadMessage {
  uid: number;
  messageId: string | null;
  inReplyTo: string | null;
  references: string[];
  from: Address | null;
  /** The addresses that may be the author's, lower-case, the likeliest first. */
  authors: string[];
  subject: string;
  /** The beginning of its text. */
  snippet: string;
  writer: Writer;
  /** A machine's report on a delivery or a reading; null where it is a mail like others. */
  report: DeliveryReport | null;
  /** A reader has complained about the mail that it encloses. */
  complaint: boolean;
  receivedAt: Date;
  flags: string[];
  /** The fields of its document that come from the message itself. */
  fields: Record<string, unknown>;
}

/** Puts a message together from its outline and the octets of its text parts. `now` dates one without any date. */
export function readMessage(outline: Outline, parts: PartBytes, now: Date): ReadMessage {
  const { uid, message, shape } = outline;
  const { envelope = {} } = message;
  const headers = parseHeaders(message.headers ?? Buffer.alloc(0));
  const [messageId = null] = messageIdsIn(envelope.messageId);
  const [inReplyTo = null] = messageIdsIn(envelope.inReplyTo);
  const references = referencesOf(headers, envelope.inReplyTo, messageId ?? undefined);
  const from = addressesOf(envelope.from)[0] ?? null;
  const subject = capBytes(cleanLine(envelope.subject ?? ''), MAX_SUBJECT_BYTES);
  const texts = textsOf(shape, parts);
  const kind = (wanted: TextPart['kind']) =>
    texts.filter(({ part }) => part.kind === wanted).map(({ text }) => text);
  const html = kind('html').join('\n');
  const text = bodyText(texts);
  const flags = flagsOf(message.flags);
  const address = from?.address ?? '';
  const written = { headers, subject, from: address, text };
  const writer = writerOf({ ...written, reaction: shape.reaction });
  const received = receivedAt([message.internalDate, envelope.date], now);
  const snippet = snippetOf(text);
  return {
    ...{ uid, messageId, inReplyTo, references, from, subject, snippet, writer, flags },
    receivedAt: received,
    authors: authorsOf(headers, from),
    report: reportOf(shape, kind, written),
    complaint: isComplaint(kind('feedback')),
    fields: {
      ...(messageId === null ? {} : { message_id: messageId }),
      ...(inReplyTo === null ? {} : { in_reply_to: inReplyTo }),
      references,
      from,
      to: addressesOf(envelope.to),
      cc: addressesOf(envelope.cc),
      subject,
      ...(isDate(envelope.date) ? { date: Timestamp.fromDate(envelope.date) } : {}),
      received_at: Timestamp.fromDate(received),
      snippet,
      text,
      ...(html === '' ? {} : { html }),
      ...(isTextMissing(outline, parts) ? { text_missing: true } : {}),
      truncated: shape.texts.some(({ size }) => size > MAX_PART_BYTES),
      attachments: shape.attachments,
      ...flagFields(flags),
      size: message.size ?? 0,
      auto_reply: writer !== 'person' || isBulk(headers),
    },
  };
}

/** A line end: a text of this size says nothing. */
const LINE_END_BYTES = 2;

/** Returns true if the server names a text of some size and gives none of it; it is asked again later. */
function isTextMissing({ shape, message }: Outline, parts: PartBytes): boolean {
  if ((message.size ?? 0) <= LINE_END_BYTES) return false;
  if (shape.texts.length === 0) return shape.doubtful;
  const hasCome = shape.texts.some(({ part }) => parts.get(part)?.length);
  return !hasCome && shape.texts.some(({ size }) => size > LINE_END_BYTES);
}

/** A message's flags as they are stored; \Recent is the session's, not the message's. */
export function flagsOf(flags: Iterable<string> | undefined): string[] {
  const kept = [...(flags ?? [])].filter((flag) => flag.toLowerCase() !== '\\recent' && flag.length <= 200);
  return [...new Set(kept)].sort().slice(0, MAX_FLAGS);
}

/** The fields of a document that flags decide. */
export const flagFields = (flags: readonly string[]) => ({ flags, seen: flags.includes('\\Seen') });

/** A text part, and what it says: HTML as it may be shown. */
interface Said {
  part: TextPart;
  text: string;
}

function textsOf(shape: Shape, parts: PartBytes): Said[] {
  let room = MAX_HTML_BYTES;
  return shape.texts.map((part) => {
    const text = textOf(part, parts.get(part.part));
    if (part.kind !== 'html') return { part, text };
    const html = sanitise(text, room);
    // One more for the line end between two parts.
    room -= Buffer.byteLength(html) + 1;
    return { part, text: html };
  });
}

function textOf({ kind, encoding, charset, size }: TextPart, bytes: Buffer | undefined): string {
  if (!bytes) return '';
  const decode = kind === 'html' ? decodeHtml : decodeCharset;
  return decode(decodeTextTransfer(bytes, encoding), charset, size > MAX_PART_BYTES);
}

/**
 * Returns the text of a mail: all plain parts, and the text of HTML without a plain alternative or with an empty one, in
 * their order.
 */
function bodyText(texts: readonly Said[]): string {
  const plain = texts.filter(({ part, text }) => part.kind === 'plain' && text.trim() !== '');
  const said = new Set(plain.flatMap(({ part }) => part.alternative ?? []));
  const read = texts.flatMap(({ part: { kind, alternative }, text }) => {
    if (kind === 'plain') return cleanText(text);
    if (kind !== 'html' || (alternative !== null && said.has(alternative))) return [];
    return cleanText(htmlToText(text));
  });
  return capBytes(read.filter((text) => text !== '').join('\n\n'), MAX_TEXT_BYTES);
}

/** A text without the characters that show it in another order: `fdp.exe` would read as `exe.pdf`. */
const cleanLine = (text: string) => cleanText(text.replace(/[\u202a-\u202e\u2066-\u2069]/g, ''));

/** A report in the form of RFC 3464 or 8098, or one without a form. Returns null if it is none. */
function reportOf(
  shape: Shape,
  kind: (wanted: TextPart['kind']) => string[],
  written: Parameters<typeof readPlainReport>[0],
): DeliveryReport | null {
  const deliveries = kind('delivery-status').flatMap(parseDeliveryStatus);
  const plain = deliveries.length === 0 ? readPlainReport(written) : null;
  if (deliveries.length === 0 && !shape.report) return plain;
  // A form that cannot be read may say the same in words.
  const failed = (plain?.deliveries ?? []).filter(({ status }) => /^[45]/.test(status ?? ''));
  const [headers = ''] = kind('headers');
  const enclosed = shape.enclosed ?? enclosedIn(headers) ?? enclosedIn(written.text);
  return { deliveries: [...deliveries, ...failed], enclosed };
}

function addressesOf(list: readonly MessageAddressObject[] | undefined): Address[] {
  return (list ?? []).slice(0, MAX_ADDRESSES).map(({ name, address }) => ({
    name: capBytes(cleanLine(name ?? ''), MAX_NAME_BYTES),
    address: capBytes(cleanText(address ?? '').toLowerCase(), MAX_NAME_BYTES),
  }));
}

/** A date that Firestore can hold: years 1 to 9999. */
function isDate(date: unknown): date is Date {
  return date instanceof Date && date.getTime() > -62_135_596_800_000 && date.getTime() < 253_402_300_800_000;
}
