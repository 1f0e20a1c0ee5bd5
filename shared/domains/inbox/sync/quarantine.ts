import { Timestamp } from '@google-cloud/firestore';
import type { NewMessage } from './folder/folder.ts';
import type { FolderSync } from './mailbox-sync.ts';

/** After this many failures a message is put into quarantine, and the rest flows. */
const MAX_ATTEMPTS = 3;

/** A message that could not be fetched, read or stored, and why. */
export interface FailedMessage {
  uid: number;
  reason: string;
}

/** Returns the failed messages that the server still names. One that was deleted in between has not failed. */
export async function stillThere(
  { connection }: FolderSync,
  failed: readonly FailedMessage[],
): Promise<FailedMessage[]> {
  const named = await connection.search({ uid: failed.map(({ uid }) => uid).join(',') });
  return failed.filter(({ uid }) => named.includes(uid));
}

/** Counts the failures of messages. With the third, a message is put into quarantine, where a person sees it. */
export async function recordFailures(
  { folder, now, tally }: FolderSync,
  failed: readonly FailedMessage[],
): Promise<void> {
  const failing = { ...folder.state.failing };
  const given: (FailedMessage & { attempts: number })[] = [];
  for (const { uid, reason } of failed) {
    const attempts = (failing[uid]?.attempts ?? 0) + 1;
    failing[uid] = { attempts, reason };
    if (attempts >= MAX_ATTEMPTS) given.push({ uid, reason, attempts });
  }
  for (const { uid } of given) delete failing[uid];
  const stubs = given.map(({ uid, reason, attempts }) =>
    toStub(uid, folder.identify(uid), { reason, attempts }, now),
  );
  await folder.createMessages(stubs, now);
  tally.quarantined += given.length;
  await folder.save({ failing, uids: folder.state.uids.with(given.map(({ uid }) => uid)) });
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
