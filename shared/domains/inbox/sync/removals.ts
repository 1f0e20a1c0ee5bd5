import { Timestamp } from '@google-cloud/firestore';
import type { UidSet } from '../imap/uid-set.ts';
import { updateDocuments } from './documents.ts';
import type { FolderRound } from './folder-round.ts';
import { identify } from './store-messages.ts';

/**
 * Marks what is gone from the server, in two rounds: what a complete listing does not name is missing, and what the next
 * one does not name either is removed. One bad answer of a server thus removes nothing.
 */
export async function confirmRemovals(
  { place, cursor, now, tally }: FolderRound,
  listed: UidSet,
): Promise<void> {
  const { uids, missing, uidValidity } = cursor.state;
  const absent = uids.without(listed);
  const confirmed = absent.and(missing);
  if (uidValidity !== null && confirmed.size > 0) {
    const updates = [...confirmed].map((uid) => ({
      id: identify({ place, uidValidity }, uid),
      fields: { removed_at: Timestamp.fromDate(now) },
    }));
    tally.removed += await updateDocuments(place, updates);
  }
  await cursor.save({ uids: uids.without(confirmed), missing: absent.without(confirmed) });
}
