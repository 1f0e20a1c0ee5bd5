import type { MailboxConnection } from '../imap/connection.ts';
import { fetchMessages } from './fetch-messages.ts';
import { syncFlags } from './flags.ts';
import type { Folder } from './folder/folder.ts';
import { learnFolder } from './learn-folder.ts';
import { listMessages } from './list-messages.ts';
import type { FolderSync, MailboxSync, Tally } from './mailbox-sync.ts';
import { isUnchanged, openFolder } from './open-folder.ts';
import { ABSENT_SYNCS, confirmRemovals, removeAbsent, removeReplaced } from './removals.ts';
import { retryMessages } from './retries.ts';
import { hasDueRetry } from './retry-times.ts';

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
    if (folder.state.absentSyncs >= ABSENT_SYNCS)
      tally.gaps.push({ folder: folder.path, exists: null, stored: 0 });
    return;
  }
  const learnt = await learnFolder(connection, folder, opened);
  const counted = folder.state.changesRefused ? { ...opened, modseq: null } : opened;
  const work = { ...mailboxSync, ...learnt, connection, folder, tally };
  const sync = { ...work, opened: counted, fresh: new Set<number>() };
  await syncOpened(sync);
  noteGap(sync);
}

/** Tries again the messages of a folder that are due for it, after all folders: one may break the connection. */
export async function retryFolder(
  mailboxSync: MailboxSync,
  connection: MailboxConnection,
  folder: Folder,
  tally: Tally,
): Promise<void> {
  if (!hasDueRetry(folder, mailboxSync.now)) return;
  await mailboxSync.claim?.();
  const opened = await openFolder(connection, folder.path);
  if (opened === null || opened.uidValidity !== folder.state.uidValidity) return;
  const none = { replacements: null, storedFlags: null, fresh: new Set<number>() };
  await retryMessages({ ...mailboxSync, ...none, connection, folder, opened, tally });
}

/**
 * Stores new mail first, then flags and removals, then older mail as far as time allows. The cursor moves after what it
 * passes is stored.
 */
async function syncOpened(opening: FolderSync): Promise<void> {
  const { folder, opened, tally } = opening;
  const listing = await listMessages(opening);
  await folder.save({ exists: listing?.exists ?? opened.exists });
  if (listing === null) return await syncFlags(opening);
  const sync = { ...opening, listed: listing.all };
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

/** Notes a folder that the server counts otherwise than the store, once all that could be stored is. */
function noteGap({ folder, tally }: FolderSync): void {
  const { exists, uids, missing, outside, backfillUid } = folder.state;
  const stored = uids.size - missing.size + outside;
  if (exists === null || backfillUid > 1 || !tally.complete || exists === stored) return;
  tally.gaps.push({ folder: folder.path, exists, stored });
}
