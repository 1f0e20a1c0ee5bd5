import { Timestamp } from '@google-cloud/firestore';
import type { ImapFlow } from 'imapflow';
import { MailboxError } from './connection.ts';
import { createDocuments, type NewDocument } from './documents.ts';
import { fetchOutlines, fetchTexts, type Outline } from './fetch.ts';
import { flagUidsWith } from './flags.ts';
import type { FolderRound, Opened } from './folder-round.ts';
import { type ReadMessage, readMessage } from './message.ts';
import type { Replacements } from './reset.ts';
import { identify, type StoredGroup, storeMessages } from './store-messages.ts';

/** Outlines in one command, and texts in one group: as many messages, and as many octets of text. */
const OUTLINES = 200;
const GROUP = 100;
const GROUP_BYTES = 1_500_000;
/** With each stumble in a row the groups are so much smaller, down to a single message. */
const SHRINK = 8;
const MAX_STUMBLES = 4;
/** After so many failures a message is put into quarantine, and the rest flows. */
const MAX_ATTEMPTS = 3;

export interface FetchContext {
  /** New mail moves last_uid up, old mail backfill_uid down. */
  way: 'new' | 'old';
  opened: Opened;
  replacements: Replacements | null;
}

/** Failed messages with why, and those that were read. */
interface Read {
  messages: ReadMessage[];
  failed: { uid: number; reason: string }[];
}

/**
 * Fetches and stores messages in the order given, group by group: while one is being stored the next is fetched. Returns
 * whether all were done; false where the time is up.
 */
export async function fetchMessages(
  round: FolderRound,
  context: FetchContext,
  uids: readonly number[],
): Promise<boolean> {
  const { cursor } = round;
  // What has failed before comes last: it must not stand in the way.
  const failedBefore = (uid: number) => (cursor.state.failing[uid] ? 1 : 0);
  const ordered = uids.toSorted((one, other) => failedBefore(one) - failedBefore(other));
  let storing: Promise<void> = Promise.resolve();
  let asked: readonly number[] = [];
  try {
    for (const some of pieces(ordered, shrunk(OUTLINES, cursor.state.stumbles))) {
      if (!round.mayGoOn()) return false;
      asked = some;
      const outlines = await round.connection.run((client) => fetchOutlines(client, some));
      for (const group of groupsOf(some, outlines, shrunk(GROUP, cursor.state.stumbles))) {
        if (!round.mayGoOn()) return false;
        asked = group;
        const read = await round.connection.run((client) => readGroup(client, group, outlines));
        await round.connection.during(storing);
        storing = store(round, context, group, read);
        // Its failure is thrown where it is waited for.
        storing.catch(() => undefined);
      }
    }
  } catch (error) {
    await storing.catch(() => undefined);
    if (error instanceof MailboxError) await stumble(round, asked);
    throw error;
  } finally {
    await round.connection.during(storing);
  }
  return true;
}

const shrunk = (size: number, stumbles: number) => Math.max(1, Math.floor(size / SHRINK ** stumbles));

function pieces<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}

/** Messages in their order, in groups that are bounded by number and by the octets of their texts. */
function groupsOf(uids: readonly number[], outlines: ReadonlyMap<number, Outline>, size: number): number[][] {
  const groups: number[][] = [];
  let bytes = 0;
  for (const uid of uids) {
    const more = outlines.get(uid)?.bytes ?? 0;
    const last = groups.at(-1);
    if (last && last.length < size && bytes + more <= GROUP_BYTES) last.push(uid);
    else {
      groups.push([uid]);
      bytes = 0;
    }
    bytes += more;
  }
  return groups;
}

/** A connection that broke while messages were fetched: next time fewer are asked for, so that one bad one is found. */
async function stumble(round: FolderRound, asked: readonly number[]): Promise<void> {
  const { cursor } = round;
  const [only] = asked;
  await cursor.save({ stumbles: Math.min(cursor.state.stumbles + 1, MAX_STUMBLES) });
  if (only !== undefined && asked.length === 1)
    await recordFailures(round, [{ uid: only, reason: 'the connection breaks when it is fetched' }]);
}

async function readGroup(
  client: ImapFlow,
  uids: readonly number[],
  outlines: ReadonlyMap<number, Outline>,
): Promise<Read> {
  const known = uids.flatMap((uid) => outlines.get(uid) ?? []);
  const texts = await fetchTexts(client, known);
  const read: Read = { messages: [], failed: [] };
  for (const uid of uids) {
    const [outline, parts] = [outlines.get(uid), texts.get(uid)];
    if (!outline || !parts) read.failed.push({ uid, reason: 'announced but not returned' });
    else readOne(outline, parts, read);
  }
  return read;
}

function readOne(outline: Outline, parts: ReadonlyMap<string, Buffer>, read: Read): void {
  try {
    read.messages.push(readMessage(outline, parts));
  } catch (error) {
    read.failed.push({ uid: outline.uid, reason: `unreadable: ${String(error).slice(0, 200)}` });
  }
}

async function store(
  round: FolderRound,
  context: FetchContext,
  uids: readonly number[],
  read: Read,
): Promise<void> {
  const { place, cursor, now, own, signals, tally } = round;
  const { opened, replacements } = context;
  const { uidValidity, outbound } = opened;
  const storing = { place, uidValidity, now, own, outbound, replacements, signals };
  const stored: StoredGroup = await storeMessages(storing, read.messages);
  tally.new += stored.fresh;
  tally.stored += stored.uids.length;
  for (const uid of stored.uids) round.fresh.add(uid);
  const failing = { ...cursor.state.failing };
  for (const uid of stored.uids) delete failing[uid];
  await cursor.save({
    uids: cursor.state.uids.with(stored.uids),
    failing,
    ...(context.way === 'new' ? { lastUid: Math.max(cursor.state.lastUid, ...uids) } : {}),
    ...(context.way === 'old'
      ? { backfillUid: Math.max(1, Math.min(cursor.state.backfillUid, ...uids)) }
      : {}),
    ...(opened.modseq === null ? { flagUids: flagUidsWith(cursor.state.flagUids, read.messages) } : {}),
  });
  const failed = [...read.failed, ...stored.refused];
  if (failed.length > 0) await recordFailures(round, await stillThere(round, failed), opened);
}

type Failed = { uid: number; reason: string };

/** Of messages that failed, those that the server still names: what was deleted meanwhile has not failed. */
async function stillThere({ connection }: FolderRound, failed: readonly Failed[]): Promise<Failed[]> {
  const named = await connection.search({ uid: failed.map(({ uid }) => uid).join(',') });
  return failed.filter(({ uid }) => named.includes(uid));
}

/** Counts the failures of messages; with the third, one is put into quarantine, where a person sees it. */
async function recordFailures(round: FolderRound, failed: readonly Failed[], opened?: Opened): Promise<void> {
  const { cursor, tally } = round;
  const failing = { ...cursor.state.failing };
  const given: { uid: number; reason: string; attempts: number }[] = [];
  for (const { uid, reason } of failed) {
    const attempts = (failing[uid]?.attempts ?? 0) + 1;
    failing[uid] = { attempts, reason };
    if (attempts >= MAX_ATTEMPTS) given.push({ uid, reason, attempts });
  }
  for (const { uid } of given) delete failing[uid];
  const uidValidity = opened?.uidValidity ?? cursor.state.uidValidity ?? '';
  await createDocuments(
    round.place,
    given.map((each) => stub(round, uidValidity, each)),
    round.now,
  );
  tally.quarantined += given.length;
  await cursor.save({ failing, uids: cursor.state.uids.with(given.map(({ uid }) => uid)) });
}

/** What is kept of a message that could not be: where it lies, and why. */
function stub(
  { place, now }: FolderRound,
  uidValidity: string,
  { uid, reason, attempts }: { uid: number; reason: string; attempts: number },
): NewDocument {
  const { orgId, integrationId, folder } = place;
  const id = identify({ place, uidValidity }, uid);
  const fields = {
    ...{ org_id: orgId, integration_id: integrationId, folder, uid_validity: uidValidity, uid },
    ...{ thread_id: id, references: [], from: null, to: [], cc: [], subject: '', snippet: '', text: '' },
    ...{ attachments: [], flags: [], seen: false, size: 0, auto_reply: false, removed_at: null },
    received_at: Timestamp.fromDate(now),
    stored_at: Timestamp.fromDate(now),
    quarantined: { reason, attempts },
    in_quarantine: true,
  };
  return { id, uid, fields, flags: [], replaces: null };
}
