import type { MailboxConnection } from '../imap/connection.ts';
import { UidSet } from '../imap/uid-set.ts';
import { fetchMessages } from './fetch-messages.ts';
import { syncFlags } from './flags.ts';
import type { Folder } from './folder/folder.ts';
import { learnFolder } from './learn-folder.ts';
import type { FolderSync, MailboxSync, Tally } from './mailbox-sync.ts';
import { isUnchanged, openFolder } from './open-folder.ts';
import { confirmRemovals, removeAbsent, removeReplaced } from './removals.ts';

/** Synchronises one folder, which is only read (EXAMINE, PEEK). Adds its work to the tally. */
export async function syncFolder(
  mailboxSync: MailboxSync,
  connection: MailboxConnection,
  folder: Folder,
  tally: Tally,
): Promise<void> {
  if (await isUnchanged(connection, folder)) return;
  await mailboxSync.claim?.();
  const opened = await openFolder(connection, folder.path);
  if (opened === null) {
    tally.removed += await removeAbsent(folder, mailboxSync.now);
    return;
  }
  const learnt = await learnFolder(connection, folder, opened);
  await syncOpened({ ...mailboxSync, ...learnt, connection, folder, opened, tally, fresh: new Set() });
}

/**
 * Stores new mail first, then flags and removals, then older mail as far as time allows. The cursor moves after what it
 * passes is stored.
 */
async function syncOpened(sync: FolderSync): Promise<void> {
  const { folder, opened, tally } = sync;
  const listing = await listMessages(sync);
  if (listing === null) return await syncFlags(sync);
  const wanted = listing.wanted.without(folder.state.uids);
  tally.announced += wanted.size;
  const { lastUid } = folder.state;
  const above = [...wanted].filter((uid) => uid > lastUid);
  const allNew = await fetchMessages(sync, 'new', above);
  if (allNew) await folder.save({ lastUid: Math.max(folder.state.lastUid, opened.uidNext - 1) });
  await syncFlags(sync);
  if (listing.complete) await confirmRemovals(sync, listing.all);
  const below = [...wanted].filter((uid) => uid <= lastUid).reverse();
  const allOld = allNew && (await fetchMessages(sync, 'old', below));
  if (!allOld) {
    tally.complete = false;
    return;
  }
  await removeReplaced(sync);
  await folder.save({ backfillUid: 1, stumbles: 0, outside: listing.all.size - listing.wanted.size });
}

interface Listing {
  all: UidSet;
  /** The messages to store: all, or those not older than sync_from. */
  wanted: UidSet;
  /** It surely names every message there is. */
  complete: boolean;
}

/** Lists every UID of the folder. Returns null if the numbers say that nothing has come or gone. */
async function listMessages({ connection, folder, mailbox, opened }: FolderSync): Promise<Listing | null> {
  const { state } = folder;
  const { since } = mailbox;
  const nothingCame = opened.uidNext - 1 <= state.lastUid && state.backfillUid === 1;
  const nothingWent = opened.exists === state.uids.size + state.outside && state.missing.size === 0;
  if (nothingCame && nothingWent) return null;
  const all = UidSet.of(opened.exists === 0 ? [] : await connection.search({ all: true }));
  const recent = since && (await connection.search({ since }));
  // Mail that came or went during the listing makes it differ from the count; such a listing proves nothing.
  return { all, wanted: recent ? UidSet.of(recent).and(all) : all, complete: all.size === opened.exists };
}
