import { readMessage } from '../message/message.ts';
import { type FetchedGroup, GroupFetch } from './fetch-groups.ts';
import type { FolderSync } from './mailbox-sync.ts';
import { recordFailures } from './quarantine.ts';
import { GroupStore, type ReadGroup, type Way } from './store-groups.ts';

const MAX_STUMBLES = 4;
const NOT_RETURNED = 'announced but not returned';

/**
 * Fetches, reads and stores messages in the order given, group by group: while some are being stored, the next is read and
 * others are fetched. Returns whether all were done; false if the time is up.
 */
export async function fetchMessages(sync: FolderSync, way: Way, uids: readonly number[]): Promise<boolean> {
  const { folder, connection } = sync;
  // Messages that failed before come last: they must not stand in the way.
  const failedBefore = (uid: number) => (folder.state.failing[uid] ? 1 : 0);
  const ordered = uids.toSorted((one, other) => failedBefore(one) - failedBefore(other));
  const fetching = new GroupFetch(sync, ordered);
  const storing = new GroupStore(sync, way);
  let fetched = 0;
  try {
    for await (const group of fetching.groups()) {
      fetched += group.uids.length;
      const read = readGroup(group, sync.now);
      await connection.during(storing.hasRoom());
      storing.take(read);
    }
  } catch (error) {
    await storing.done().catch(() => undefined);
    if (fetching.broke) await stumble(sync, fetching);
    throw error;
  } finally {
    await connection.during(storing.done());
  }
  return fetched === ordered.length && storing.allPassed;
}

function readGroup({ uids, outlines, texts, refusal, isProven }: FetchedGroup, now: Date): ReadGroup {
  const read: ReadGroup = { uids, messages: [], failed: [] };
  for (const uid of uids) {
    const [outline, parts] = [outlines.get(uid), texts.get(uid)];
    if (!outline || !parts) {
      read.failed.push({ uid, reason: refusal ?? NOT_RETURNED, isProven });
      continue;
    }
    try {
      read.messages.push(readMessage(outline, parts, now));
    } catch (error) {
      read.failed.push({ uid, reason: `unreadable: ${String(error).slice(0, 200)}`, isProven: true });
    }
  }
  return read;
}

/**
 * Notes that the connection broke while messages were fetched: the next sync asks for fewer, to find the bad one. A single
 * message is blamed if another came just before.
 */
async function stumble(sync: FolderSync, { asked, isProven }: GroupFetch): Promise<void> {
  const { folder } = sync;
  const [only] = asked;
  await folder.save({ stumbles: Math.min(folder.state.stumbles + 1, MAX_STUMBLES) });
  if (only !== undefined && asked.length === 1)
    await recordFailures(sync, [{ uid: only, reason: 'the connection breaks when it is fetched', isProven }]);
}
