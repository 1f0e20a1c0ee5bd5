import type { MailClient } from '../imap/client.ts';
import { MAX_PART_BYTES, type Outline, type PartBytes } from '../message/outline.ts';
import { readRaw } from '../message/raw.ts';
import { type Shape, shapeOfRaw } from '../message/structure.ts';
import { fetchTexts } from './fetch.ts';

/** Octets of mails that are read whole at a time. */
const WHOLE_BYTES = 2 * MAX_PART_BYTES;
/** Octets that show if there is a text before attachments. */
const PREAMBLE_BYTES = 32_000;
const MIME_FIELDS = ['content-type', 'content-transfer-encoding'];

/** The octets of texts, and the outlines of messages that were read again. */
export interface Bodies {
  outlines: ReadonlyMap<number, Outline>;
  texts: ReadonlyMap<number, PartBytes>;
}

/**
 * Fetches the texts of messages. A message of which the server names no readable part, or gives none, is fetched as a whole
 * and read here. One that nothing is returned of is missing from the answer.
 */
export async function fetchBodies(client: MailClient, outlines: readonly Outline[]): Promise<Bodies> {
  const texts = await fetchTexts(client, outlines);
  const known = new Map(outlines.map((outline) => [outline.uid, outline]));
  const unread = outlines.filter((outline) => isUnread(outline, texts.get(outline.uid)));
  for (const [octets, some] of Map.groupBy(unread, octetsOf)) {
    const together = Math.max(1, Math.floor(WHOLE_BYTES / octets));
    for (let from = 0; from < some.length; from += together)
      for (const [outline, raw] of await fetchWhole(
        client,
        some.slice(from, from + together),
        octets,
        texts,
      )) {
        const { read, parts } = reread(outline, raw);
        if (read.shape.texts.length === 0 && hasText(texts.get(outline.uid))) continue;
        known.set(outline.uid, read);
        texts.set(outline.uid, parts);
      }
  }
  return { outlines: known, texts };
}

/** Returns true if there may be more text than was fetched. An empty message has none. */
function isUnread({ message, shape }: Outline, parts: PartBytes | undefined): boolean {
  if (message.size === 0) return false;
  if (!parts || shape.doubtful || shape.texts.length === 0) return true;
  // A header without an empty line below it hides the text from servers.
  return !hasText(parts) && (shape.attachments.length === 0 || shape.texts.some(({ size }) => size > 0));
}

/** Mail of attachments only may have a text before them; any other is read as far as a text part is. */
const octetsOf = ({ shape }: Outline): number =>
  shape.doubtful || shape.texts.length > 0 || shape.attachments.some(({ mime_type }) => !isFile(mime_type))
    ? MAX_PART_BYTES
    : PREAMBLE_BYTES;

const isFile = (type: string) =>
  /^(application\/(?!octet-stream|unknown|text|x-unknown)|image|audio|video)\b/.test(type);

const hasText = (parts: PartBytes | undefined) =>
  [...(parts?.values() ?? [])].some(({ length }) => length > 0);

/** The ways to ask for a whole message, for servers that know one of them. The last is a text without a header. */
const WAYS = [
  { part: 'TEXT', headers: MIME_FIELDS },
  { part: '', headers: null },
  { part: '1', headers: null },
] as const;

async function fetchWhole(
  client: MailClient,
  outlines: readonly Outline[],
  maxOctets: number,
  texts: ReadonlyMap<number, PartBytes>,
): Promise<Map<Outline, Buffer>> {
  const found = new Map<Outline, Buffer>();
  for (const { part, headers } of WAYS) {
    const isLeft = (each: Outline) => !found.has(each) && (part !== '1' || !hasText(texts.get(each.uid)));
    const left = new Map(outlines.filter(isLeft).map((each) => [each.uid, each]));
    if (left.size === 0) break;
    const parts = { numbers: [part], maxOctets };
    const wanted = headers ? { headers, parts } : { parts };
    await client.fetchEach([...left.keys()].join(','), wanted, ({ uid, bodyParts, headers: head }) => {
      const outline = uid === undefined ? undefined : left.get(uid);
      const body = bodyParts?.get(part.toLowerCase());
      if (!outline || !body?.length) return;
      const beginning = headers ? (head ?? Buffer.from('\r\n')) : Buffer.from(part === '' ? '' : '\r\n');
      found.set(outline, Buffer.concat([beginning, body]));
    });
  }
  return found;
}

/** A message by what it says itself. Attachments keep the server's numbers, by which they are downloaded. */
function reread(outline: Outline, raw: Buffer): { read: Outline; parts: PartBytes } {
  const { structure, parts } = readRaw(raw);
  const own = shapeOfRaw(structure);
  const { shape } = outline;
  const named = shape.attachments.filter(
    ({ mime_type }) => mime_type.includes('/') && !/^\/|\/$/.test(mime_type),
  );
  const merged: Shape = {
    ...own,
    attachments: named.length > 0 ? named : own.attachments,
    enclosed: shape.enclosed ?? own.enclosed,
    report: shape.report || own.report,
    reaction: shape.reaction || own.reaction,
  };
  const texts = merged.texts.map(({ part }) => [part, parts.get(part) ?? Buffer.alloc(0)] as const);
  return { read: { ...outline, shape: merged }, parts: new Map(texts) };
}
