import { setTimeout as delay } from 'node:timers/promises';
import type { MailClient } from '../imap/client.ts';
import { UidSet } from '../imap/uid-set.ts';
import { type Fetched, MAX_PART_BYTES, type Outline, outlineOf, type PartBytes } from '../message/outline.ts';
import type { TextPart } from '../message/structure.ts';
import { AUTHOR_FIELDS, WRITER_FIELDS } from '../message/writer/writer.ts';
import { fillFromHeaders } from './fetch-headers.ts';

const OUTLINE = {
  items: ['ENVELOPE', 'BODYSTRUCTURE', 'FLAGS', 'RFC822.SIZE', 'INTERNALDATE'],
  headers: ['references', ...WRITER_FIELDS, ...AUTHOR_FIELDS],
} as const;
/** Waits before asking again for messages that the server has announced and did not return (replicas lag). */
const RETURN_WAITS_MS = [300, 1_000];

/**
 * Fetches outlines. Messages that the server announced and does not return, asked again after each wait, are missing from
 * them. A server that limits its answers (RFC 9738) is asked for as long as it returns some more.
 */
export async function fetchOutlines(
  client: MailClient,
  uids: readonly number[],
  waitsMs: readonly number[] = RETURN_WAITS_MS,
): Promise<Map<number, Outline>> {
  const found = new Map<number, Outline>();
  for (const waits = [...waitsMs]; ; ) {
    const missing = uids.filter((uid) => !found.has(uid));
    if (missing.length === 0) break;
    const before = found.size;
    const hasNameless = await fetchInto(found, client, missing);
    if (hasNameless) for (const uid of missing) if (!found.has(uid)) await fetchInto(found, client, [uid]);
    if (found.size > before) continue;
    const wait = waits.shift();
    if (wait === undefined) break;
    await delay(wait);
  }
  await fillFromHeaders(client, found);
  return found;
}

/**
 * Fetches outlines once. Returns true if some came without a UID, which some proxies leave out; one that was asked for
 * alone is known without.
 */
async function fetchInto(
  found: Map<number, Outline>,
  client: MailClient,
  uids: readonly number[],
): Promise<boolean> {
  const wanted = UidSet.of(uids);
  const [sole] = uids.length === 1 ? uids : [];
  const partial = new Map<number, Fetched>();
  let hasNameless = false;
  await client.fetchEach(wanted.toString(), OUTLINE, (message) => {
    const uid = message.uid ?? (isOutline(message) ? sole : undefined);
    if (uid === undefined) hasNameless ||= isOutline(message);
    if (uid === undefined || !wanted.has(uid) || found.has(uid)) return;
    // RFC 9051, 7.5.2: the data of one message may come in any number of responses.
    const joined = { ...partial.get(uid), ...message, uid };
    if (isWhole(joined)) found.set(uid, outlineOf(uid, joined));
    partial.set(uid, isWhole(joined) ? {} : joined);
  });
  for (const [uid, message] of partial) if (isOutline(message)) found.set(uid, outlineOf(uid, message));
  return hasNameless;
}

/** A server may report other messages' flags in between; those come without the rest. */
const isOutline = ({ envelope, bodyStructure, headers, internalDate }: Fetched): boolean =>
  [envelope, bodyStructure, headers, internalDate].some((value) => value !== undefined);

const isWhole = ({ envelope, bodyStructure, headers, internalDate, flags, size }: Fetched): boolean =>
  [envelope, bodyStructure, headers, internalDate, flags, size].every((value) => value !== undefined);

/**
 * Fetches text parts, in one command for all messages that have the same ones: a command for each message would take
 * twice as long. A message whose parts are not returned is missing from the answer.
 */
export async function fetchTexts(
  client: MailClient,
  outlines: readonly Outline[],
): Promise<Map<number, PartBytes>> {
  const groups = Map.groupBy(outlines, ({ shape }) => shape.texts.map(({ part }) => part).join(' '));
  const found = new Map<number, PartBytes>();
  for (const [key, group] of groups) {
    const [first] = group;
    if (!first || key === '') {
      for (const { uid } of group) found.set(uid, new Map());
      continue;
    }
    const numbers = first.shape.texts.map(({ part }: TextPart) => part);
    await fetchParts(client, { numbers, maxOctets: MAX_PART_BYTES }, group, found);
  }
  return found;
}

/** Fetches the same parts of some messages, for as long as the server returns some more. */
async function fetchParts(
  client: MailClient,
  parts: { numbers: readonly string[]; maxOctets: number },
  outlines: readonly Outline[],
  found: Map<number, PartBytes>,
): Promise<void> {
  let missing = outlines.map(({ uid }) => uid);
  while (missing.length > 0) {
    await client.fetchEach(UidSet.of(missing).toString(), { parts }, ({ uid, bodyParts }) => {
      if (uid === undefined || !bodyParts) return;
      found.set(uid, new Map([...(found.get(uid) ?? []), ...bodyParts]));
    });
    const left = missing.filter((uid) => !found.has(uid));
    if (left.length === missing.length) return;
    missing = left;
  }
}
