import { type MailboxConnection, MailboxError } from '../imap/connection.ts';
import { UidSet } from '../imap/uid-set.ts';
import type { StoredMessage } from './folder/documents.ts';
import type { Folder } from './folder/folder.ts';
import type { FolderSync, OpenedFolder } from './mailbox-sync.ts';
import { Replacements } from './reset.ts';

/** Skips a folder whose UIDVALIDITY changed this many times in a row, until one value repeats. */
const MAX_RESETS_IN_ROW = 5;

/**
 * Prepares the cursor of a folder that is open. If the folder is new, its cursor is lost or its UIDVALIDITY changed, reads
 * what the store has of it and begins again from there. In every other sync both results are null.
 */
export async function learnFolder(
  connection: MailboxConnection,
  folder: Folder,
  opened: OpenedFolder,
): Promise<Pick<FolderSync, 'replacements' | 'storedFlags'>> {
  const { state } = folder;
  const same = state.uidValidity === opened.uidValidity;
  const remapping = state.resets > 0 && state.backfillUid > 1;
  // An unchanged UIDVALIDITY resets the count.
  if (same) await folder.save({ absentSyncs: 0, resetsInRow: 0 });
  if (same && !remapping) return { replacements: null, storedFlags: null };
  const stored = await connection.during(folder.readMessages());
  const ours = stored.filter(({ uidValidity }) => uidValidity === opened.uidValidity);
  const others = stored.filter(({ uidValidity }) => uidValidity !== opened.uidValidity);
  if (!same) await begin(folder, opened, ours, others.length > 0);
  return {
    replacements: new Replacements(others),
    storedFlags: new Map(ours.map(({ uid, flags }) => [uid, flags])),
  };
}

async function begin(
  folder: Folder,
  opened: OpenedFolder,
  ours: readonly StoredMessage[],
  reset: boolean,
): Promise<void> {
  const { resets, resetsInRow, unsettled } = folder.state;
  if (reset && resetsInRow >= MAX_RESETS_IN_ROW && unsettled !== opened.uidValidity) {
    await folder.save({ unsettled: opened.uidValidity });
    const detail = `${folder.path} has had a new UIDVALIDITY in ${MAX_RESETS_IN_ROW} syncs in a row`;
    throw new MailboxError({ kind: 'protocol', detail }, null);
  }
  await folder.save({
    uidValidity: opened.uidValidity,
    lastUid: opened.uidNext - 1,
    highestModseq: null,
    backfillUid: opened.uidNext,
    uids: UidSet.of(ours.map(({ uid }) => uid)),
    missing: UidSet.empty,
    failing: {},
    // Those in quarantine under this UIDVALIDITY are found by a query.
    retries: ours.length > 0 ? null : {},
    flagUids: null,
    changesRefused: false,
    outside: 0,
    exists: null,
    absentSyncs: 0,
    stumbles: 0,
    resets: resets + (reset ? 1 : 0),
    resetsInRow: reset ? resetsInRow + 1 : 0,
    unsettled: null,
  });
}
