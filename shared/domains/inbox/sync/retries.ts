import { MailboxError } from '../imap/connection.ts';
import { readMessage } from '../message/message.ts';
import { fetchOutlines } from './fetch.ts';
import { fetchBodies } from './fetch-bodies.ts';
import type { Folder } from './folder/folder.ts';
import type { Retry } from './folder/state.ts';
import type { FolderSync } from './mailbox-sync.ts';
import { dueRetries, nextRetry } from './retry-times.ts';
import { storeRecovered } from './store-messages.ts';

/** Messages that are tried again in one sync of a folder. */
const MAX_RETRIES = 10;

/**
 * Tries again the messages in quarantine that are due, and those whose text did not come, one by one. One that comes
 * replaces its stub, and its signals count. A failure here is none of the mailbox: the next try is noted before.
 */
export async function retryMessages(sync: FolderSync): Promise<void> {
  const { folder, now, mayGoOn, connection } = sync;
  if (folder.state.retries === null) await folder.save({ retries: await findQuarantined(sync) });
  const due = dueRetries(folder.state.retries ?? {}, now).slice(0, MAX_RETRIES);
  for (const uid of due) {
    if (!mayGoOn() || !connection.client.usable) return;
    const { retries } = folder.state;
    const tries = (retries?.[uid]?.tries ?? 0) + 1;
    if (!folder.state.uids.has(uid)) await forget(folder, uid);
    else {
      await folder.save({ retries: { ...retries, [uid]: nextRetry(tries, now) } });
      if (await recover(sync, uid)) await forget(folder, uid);
    }
  }
}

async function forget(folder: Folder, uid: number): Promise<void> {
  const { [String(uid)]: _done, ...retries } = folder.state.retries ?? {};
  await folder.save({ retries });
}

/** Fetches and stores one message. Returns true if it is whole now and all its signals were received. */
async function recover(sync: FolderSync, uid: number): Promise<boolean> {
  const { connection, now } = sync;
  try {
    const message = await connection.run(async (client) => {
      const known = [...(await fetchOutlines(client, [uid], [])).values()];
      const { outlines, texts } = await fetchBodies(client, known);
      const [outline, parts] = [outlines.get(uid), texts.get(uid)];
      return outline && parts ? readMessage(outline, parts, now) : null;
    });
    if (message === null) return false;
    const isStored = await storeRecovered(sync, message);
    return isStored && message.fields['text_missing'] === undefined;
  } catch (error) {
    if (error instanceof MailboxError) return false;
    throw error;
  }
}

/** Finds the messages that an older version put into quarantine, for which it kept no list. */
async function findQuarantined({ folder, now }: FolderSync): Promise<Record<string, Retry>> {
  const uids = await folder.readQuarantined();
  return Object.fromEntries(uids.map((uid) => [uid, { tries: 0, at: now.getTime() }]));
}
