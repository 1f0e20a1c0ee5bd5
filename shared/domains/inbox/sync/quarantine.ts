import { Timestamp } from '@google-cloud/firestore';
import type { NewMessage } from './folder/folder.ts';
import type { FolderSync } from './mailbox-sync.ts';
import { nextRetry } from './retry-times.ts';

/** After this many failures that are its own, a message is put into quarantine, and the rest flows. */
const MAX_ATTEMPTS = 3;

/** A message that could not be fetched, read or stored, and why. */
export interface FailedMessage {
  uid: number;
  reason: string;
  /** Another message came in the same session. Else the server may be at fault, and the message is not blamed. */
  isProven: boolean;
}

/** Returns the failed messages that the server still names. One that was deleted in between has not failed. */
export async function stillThere(
  { connection }: FolderSync,
  failed: readonly FailedMessage[],
): Promise<FailedMessage[]> {
  const set = failed.map(({ uid }) => uid).join(',');
  const named = new Set<number>();
  await connection.run((client) =>
    client.fetchEach(set, {}, ({ uid }) => {
      if (uid !== undefined) named.add(uid);
    }),
  );
  const unnamed = failed.filter(({ uid }) => !named.has(uid));
  // A message that is announced and not returned is named by a search only.
  if (unnamed.length > 0)
    for (const uid of await connection.search({ uid: unnamed.map(({ uid }) => uid).join(',') }))
      named.add(uid);
  return failed.filter(({ uid }) => named.has(uid));
}

/** Counts the failures of messages that are at fault themselves. With the third, a message is put into quarantine, where a person sees it. */
export async function recordFailures(
  { folder, now, tally }: FolderSync,
  failed: readonly FailedMessage[],
): Promise<void> {
  const failing = { ...folder.state.failing };
  const given: (FailedMessage & { attempts: number })[] = [];
  for (const { uid, reason, isProven } of failed) {
    const attempts = (failing[uid]?.attempts ?? 0) + (isProven ? 1 : 0);
    failing[uid] = { attempts, reason };
    if (attempts >= MAX_ATTEMPTS) given.push({ uid, reason, isProven, attempts });
  }
  for (const { uid } of given) delete failing[uid];
  const stubs = given.map(({ uid, reason, attempts }) =>
    toStub(uid, folder.identify(uid), { reason, attempts }, now),
  );
  await folder.createMessages(stubs, now);
  tally.quarantined += given.length;
  const retries = given.map(({ uid }) => [uid, nextRetry(0, now)] as const);
  await folder.save({
    failing,
    uids: folder.state.uids.with(given.map(({ uid }) => uid)),
    retries: folder.state.retries && { ...folder.state.retries, ...Object.fromEntries(retries) },
  });
}

/** A message that could not be stored: its place, and why. Its thread bears its own id. */
function toStub(
  uid: number,
  thread: string,
  quarantined: { reason: string; attempts: number },
  now: Date,
): NewMessage {
  const fields = {
    ...{ thread_id: thread, references: [], from: null, to: [], cc: [], subject: '', snippet: '', text: '' },
    ...{ attachments: [], flags: [], seen: false, size: 0, auto_reply: false, removed_at: null },
    received_at: Timestamp.fromDate(now),
    stored_at: Timestamp.fromDate(now),
    quarantined,
    in_quarantine: true,
  };
  return { uid, fields, flags: [], replaces: null };
}
