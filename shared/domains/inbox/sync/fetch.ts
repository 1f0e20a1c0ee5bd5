import { setTimeout as delay } from 'node:timers/promises';
import type { MailClient } from '../imap/client.ts';
import { UidSet } from '../imap/uid-set.ts';
import { type Fetched, MAX_PART_BYTES, type Outline, outlineOf, type PartBytes } from '../message/outline.ts';
import type { TextPart } from '../message/structure.ts';
import { AUTHOR_FIELDS, WRITER_FIELDS } from '../message/writer/writer.ts';

const OUTLINE = {
  items: ['ENVELOPE', 'BODYSTRUCTURE', 'FLAGS', 'RFC822.SIZE', 'INTERNALDATE'],
  headers: ['references', ...WRITER_FIELDS, ...AUTHOR_FIELDS],
} as const;
/** Waits before asking again for messages that the server has announced and did not return (replicas lag). */
const RETURN_WAITS_MS = [300, 1_000];

/** Fetches outlines. Messages that the server announced and does not return, asked three times, are missing from them. */
export async function fetchOutlines(
  client: MailClient,
  uids: readonly number[],
): Promise<Map<number, Outline>> {
  const found = new Map<number, Outline>();
  for (const wait of [...RETURN_WAITS_MS, null]) {
    const missing = uids.filter((uid) => !found.has(uid));
    if (missing.length > 0) await fetchInto(found, client, missing);
    if (wait === null || uids.every((uid) => found.has(uid))) break;
    await delay(wait);
  }
  return found;
}

async function fetchInto(
  found: Map<number, Outline>,
  client: MailClient,
  uids: readonly number[],
): Promise<void> {
  const wanted = UidSet.of(uids);
  const dates = new Map<number, Fetched>();
  await client.fetchEach(wanted.toString(), OUTLINE, (message) => {
    const { uid } = message;
    if (uid === undefined || !wanted.has(uid)) return;
    // RFC 9051, 7.5.2: the data of one message may come in any number of responses.
    const whole = { ...dates.get(uid), ...message };
    // A server may report other messages' flags in between; those come without the outline.
    if (whole.internalDate !== undefined && whole.envelope !== undefined) {
      found.set(uid, outlineOf(uid, whole));
      dates.delete(uid);
    } else dates.set(uid, whole);
  });
  for (const [uid, message] of dates)
    if (message.internalDate !== undefined) found.set(uid, outlineOf(uid, message));
}

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
    const set = UidSet.of(group.map(({ uid }) => uid)).toString();
    await client.fetchEach(set, { parts: { numbers, maxOctets: MAX_PART_BYTES } }, ({ uid, bodyParts }) => {
      if (uid === undefined || !bodyParts) return;
      found.set(uid, new Map([...(found.get(uid) ?? []), ...bodyParts]));
    });
  }
  return found;
}
