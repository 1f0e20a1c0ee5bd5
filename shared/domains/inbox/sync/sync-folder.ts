import { Timestamp } from '@google-cloud/firestore';
import type { MailboxObject } from 'imapflow';
import { MailboxError } from '../imap/connection.ts';
import { UidSet } from '../imap/uid-set.ts';
import type { Cursor } from './cursor.ts';
import { type StoredMessage, storedMessages, updateDocuments } from './documents.ts';
import { fetchMessages } from './fetch-messages.ts';
import { syncFlags } from './flags.ts';
import type { FolderRound, Opened } from './folder-round.ts';
import { confirmRemovals } from './removals.ts';
import { Replacements } from './reset.ts';
import { isUnchanged } from './unchanged.ts';

/** After so many rounds in a row with another UIDVALIDITY the folder is let be until the same comes twice. */
const MAX_RESETS_IN_ROW = 5;

/**
 * One round of one folder, which is only looked at (EXAMINE, PEEK). New mail comes first, then flags and removals, then
 * older mail as far as time allows. The cursor moves after what it passes is stored.
 */
export async function syncFolder(round: FolderRound): Promise<void> {
  if (await isUnchanged(round)) return;
  await round.claim?.();
  const opened = await openFolder(round);
  if (opened === null) return await folderAbsent(round);
  const { cursor } = round;
  const replacements = await learn(round, opened);
  const listing = await listingOf(round, opened);
  if (listing === null) return await syncFlags(round, opened, replacements?.flags ?? null);
  const wanted = listing.wanted.without(cursor.state.uids);
  round.tally.announced += wanted.size;
  const { lastUid } = cursor.state;
  const context = { opened, replacements: replacements?.left ?? null };
  const above = [...wanted].filter((uid) => uid > lastUid);
  const allNew = await fetchMessages(round, { ...context, way: 'new' }, above);
  if (allNew) await cursor.save({ lastUid: Math.max(cursor.state.lastUid, opened.uidNext - 1) });
  await syncFlags(round, opened, replacements?.flags ?? null);
  if (listing.complete) await confirmRemovals(round, listing.all);
  const below = [...wanted].filter((uid) => uid <= lastUid).reverse();
  const allOld = allNew && (await fetchMessages(round, { ...context, way: 'old' }, below));
  if (allOld) await finish(round, listing, replacements?.left ?? null);
  else round.tally.complete = false;
}

/** Opens the folder for looking; null where it is not there, or cannot be opened. */
async function openFolder({ connection, cursor }: FolderRound): Promise<Opened | null> {
  const { path } = cursor.state;
  try {
    const mailbox = await connection.client.mailboxOpen(path, { readOnly: true });
    return validated(mailbox, connection.client.capabilities.has('CONDSTORE'), path);
  } catch (error) {
    const { mailboxMissing, serverResponseCode } = error as {
      mailboxMissing?: boolean;
      serverResponseCode?: string;
    };
    const gone = mailboxMissing || serverResponseCode === 'NONEXISTENT' || serverResponseCode === 'TRYCREATE';
    if (gone) return null;
    return await connection.run(() => Promise.reject(error));
  }
}

function validated(mailbox: MailboxObject, condstore: boolean, path: string): Opened {
  const { uidValidity, uidNext, exists, highestModseq, noModseq, specialUse } = mailbox;
  if (!uidValidity || uidValidity <= 0n || !Number.isSafeInteger(uidNext) || uidNext < 1) {
    const detail = `${path} has the UIDVALIDITY ${uidValidity} and the UIDNEXT ${uidNext}; both must be above 0`;
    throw new MailboxError({ kind: 'protocol', detail }, null);
  }
  const modseq = condstore && !noModseq && highestModseq ? String(highestModseq) : null;
  const outbound = specialUse === '\\Sent' || specialUse === '\\Drafts';
  return { uidValidity: String(uidValidity), uidNext, exists, modseq, outbound };
}

/** A folder that is not there: once may be the server's mistake, twice in a row all its mail is removed. */
async function folderAbsent({ place, cursor, now, tally }: FolderRound): Promise<void> {
  const { absentRounds, uids } = cursor.state;
  if (absentRounds >= 1 && uids.size > 0) {
    const stored = await storedMessages(place);
    const updates = stored.map(({ ref }) => ({
      id: ref.id,
      fields: { removed_at: Timestamp.fromDate(now) },
    }));
    tally.removed += await updateDocuments(place, updates);
    await cursor.save({
      uids: UidSet.empty,
      missing: UidSet.empty,
      failing: {},
      flagUids: null,
      absentRounds: 2,
    });
    return;
  }
  await cursor.save({ absentRounds: Math.min(absentRounds + 1, 2) });
}

interface Learnt {
  left: Replacements;
  /** The flags that messages are stored with, by UID. */
  flags: Map<number, readonly string[]>;
}

/**
 * Where the folder was never looked at, its cursor is lost, or its UIDVALIDITY is another one: what is stored of it is
 * read, and the round begins anew with that. Null in every other round.
 */
async function learn({ connection, place, cursor }: FolderRound, opened: Opened): Promise<Learnt | null> {
  const { state } = cursor;
  const same = state.uidValidity === opened.uidValidity;
  const remapping = state.resets > 0 && state.backfillUid > 1;
  // A round without a new UIDVALIDITY breaks their row.
  if (same) await cursor.save({ absentRounds: 0, resetsInRow: 0 });
  if (same && !remapping) return null;
  const stored = await connection.during(storedMessages(place));
  const ours = stored.filter(({ uidValidity }) => uidValidity === opened.uidValidity);
  const others = stored.filter(({ uidValidity }) => uidValidity !== opened.uidValidity);
  if (!same) await begin(cursor, opened, ours, others.length > 0);
  return { left: new Replacements(others), flags: new Map(ours.map(({ uid, flags }) => [uid, flags])) };
}

async function begin(
  cursor: Cursor,
  opened: Opened,
  ours: readonly StoredMessage[],
  reset: boolean,
): Promise<void> {
  const { resets, resetsInRow, unsettled } = cursor.state;
  if (reset && resetsInRow >= MAX_RESETS_IN_ROW && unsettled !== opened.uidValidity) {
    await cursor.save({ unsettled: opened.uidValidity });
    const detail = `${cursor.state.path} has had a new UIDVALIDITY in ${MAX_RESETS_IN_ROW} rounds in a row`;
    throw new MailboxError({ kind: 'protocol', detail }, null);
  }
  await cursor.save({
    uidValidity: opened.uidValidity,
    lastUid: opened.uidNext - 1,
    highestModseq: null,
    backfillUid: opened.uidNext,
    uids: UidSet.of(ours.map(({ uid }) => uid)),
    missing: UidSet.empty,
    failing: {},
    flagUids: null,
    outside: 0,
    absentRounds: 0,
    stumbles: 0,
    resets: resets + (reset ? 1 : 0),
    resetsInRow: reset ? resetsInRow + 1 : 0,
    unsettled: null,
  });
}

export interface Listing {
  all: UidSet;
  /** Of them, what is to be stored: all, or what is not older than sync_from. */
  wanted: UidSet;
  /** Whether it is sure to name every message there is. */
  complete: boolean;
}

/** Every UID of the folder; null where the numbers say that nothing has come or gone. */
async function listingOf(
  { connection, cursor, since }: FolderRound,
  opened: Opened,
): Promise<Listing | null> {
  const { state } = cursor;
  const nothingCame = opened.uidNext - 1 <= state.lastUid && state.backfillUid === 1;
  const nothingWent = opened.exists === state.uids.size + state.outside && state.missing.size === 0;
  if (nothingCame && nothingWent) return null;
  const all = UidSet.of(opened.exists === 0 ? [] : await connection.search({ all: true }));
  const recent = since && (await connection.search({ since }));
  // What arrived or went while we looked makes the listing and the count differ; nothing is concluded from such a one.
  return { all, wanted: recent ? UidSet.of(recent).and(all) : all, complete: all.size === opened.exists };
}

/** All of the server's messages are stored: what was stored under another UIDVALIDITY and not found again is gone. */
async function finish(
  round: FolderRound,
  { all, wanted }: Listing,
  left: Replacements | null,
): Promise<void> {
  const { place, cursor, now, tally } = round;
  const gone = left?.left() ?? [];
  const updates = gone.map(({ ref }) => ({ id: ref.id, fields: { removed_at: Timestamp.fromDate(now) } }));
  tally.removed += await updateDocuments(place, updates);
  await cursor.save({ backfillUid: 1, stumbles: 0, outside: all.size - wanted.size });
}
