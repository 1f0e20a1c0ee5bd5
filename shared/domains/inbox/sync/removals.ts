import { UidSet } from '../imap/uid-set.ts';
import type { Folder } from './folder/folder.ts';
import type { FolderSync } from './mailbox-sync.ts';

/**
 * Marks mail that is gone from the server, in two syncs: mail that a complete listing does not name is missing, and if the
 * next one does not name it either, it is removed. One bad answer of a server thus removes nothing.
 */
export async function confirmRemovals({ folder, now, tally }: FolderSync, listed: UidSet): Promise<void> {
  const { uids, missing } = folder.state;
  const absent = uids.without(listed);
  const confirmed = absent.and(missing);
  const ids = [...confirmed].map((uid) => folder.identify(uid));
  tally.removed += await folder.markRemoved(ids, now);
  await folder.save({ uids: uids.without(confirmed), missing: absent.without(confirmed) });
}

/** Syncs in a row after which a folder that is not there must be chosen again. */
export const ABSENT_SYNCS = 2;

/**
 * Marks all mail of a folder that is absent for the second time in a row; once may be the server's mistake. Returns how
 * many messages it removed.
 */
export async function removeAbsent(folder: Folder, now: Date): Promise<number> {
  const { absentSyncs, uids } = folder.state;
  if (absentSyncs < 1 || uids.size === 0) {
    await folder.save({ absentSyncs: Math.min(absentSyncs + 1, ABSENT_SYNCS) });
    return 0;
  }
  const stored = await folder.readMessages();
  const removed = await folder.markRemoved(idsOf(stored), now);
  await folder.save({
    uids: UidSet.empty,
    missing: UidSet.empty,
    failing: {},
    retries: {},
    flagUids: null,
    absentSyncs: ABSENT_SYNCS,
  });
  return removed;
}

/** Marks mail that was stored under another UIDVALIDITY and not found again, once all of the server's mail is stored. */
export async function removeReplaced({ folder, now, tally, replacements }: FolderSync): Promise<void> {
  tally.removed += await folder.markRemoved(idsOf(replacements?.left() ?? []), now);
}

const idsOf = (stored: readonly { ref: { id: string } }[]) => stored.map(({ ref }) => ref.id);
