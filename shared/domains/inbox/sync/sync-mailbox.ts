import { type MailboxConnection, MailboxError } from '../imap/connection.ts';
import { type Failure, isTokenEnd } from '../imap/failure.ts';
import type { Folder } from './folder/folder.ts';
import { type MailboxSync, newTally, type Tally } from './mailbox-sync.ts';
import { retryFolder, syncFolder } from './sync-folder.ts';

export interface MailboxResult {
  tally: Tally;
  /** The failure that stopped the sync, or a folder of it; null if all went well. */
  failure: Failure | null;
}

/**
 * Synchronises one mailbox, folder by folder. A failure of the mailbox is a result: everything stored before it stays.
 * Throws bugs, failures of the store, and Overtaken.
 */
export async function syncMailbox(sync: MailboxSync): Promise<MailboxResult> {
  const tally = newTally();
  // Read before the server is asked: the next sync finds what happens in between.
  const folders = await sync.readFolders();
  let connection: MailboxConnection;
  try {
    connection = await sync.connect();
  } catch (error) {
    return { tally, failure: failureIn(error) };
  }
  const hangUp = setTimeout(() => connection.client.close(), Math.max(0, sync.hangUpAfterMs));
  try {
    const failure = await syncFolders(sync, connection, folders, tally);
    if (failure === null) await retryFolders(sync, connection, folders, tally);
    if (failure === null || !isTokenEnd(failure) || !isRenewable(sync)) return { tally, failure };
    // The token has ended, and a new one goes on where the old one stopped.
    await connection.close();
    connection = await sync.connect(true);
    return { tally, failure: await syncFolders(sync, connection, folders, tally) };
  } catch (error) {
    return { tally, failure: failureIn(error) };
  } finally {
    clearTimeout(hangUp);
    await connection.close();
  }
}

const isRenewable = ({ mailbox, mayGoOn }: MailboxSync) => mailbox.method === 'xoauth2' && mayGoOn();

async function syncFolders(
  sync: MailboxSync,
  connection: MailboxConnection,
  folders: readonly Folder[],
  tally: Tally,
): Promise<Failure | null> {
  let failure: Failure | null = null;
  for (const folder of folders) {
    if (!sync.mayGoOn()) {
      tally.complete = false;
      break;
    }
    try {
      await syncFolder(sync, connection, folder, tally);
    } catch (error) {
      failure ??= failureIn(error);
      // The others go on after a folder that cannot be opened, not after a connection that is gone.
      if (!connection.client.usable) break;
    }
  }
  return failure;
}

/** Tries again what is in quarantine. A failure here is none of the mailbox. */
async function retryFolders(
  sync: MailboxSync,
  connection: MailboxConnection,
  folders: readonly Folder[],
  tally: Tally,
): Promise<void> {
  try {
    for (const folder of folders)
      if (sync.mayGoOn() && connection.client.usable) await retryFolder(sync, connection, folder, tally);
  } catch (error) {
    failureIn(error);
  }
}

function failureIn(error: unknown): Failure {
  if (error instanceof MailboxError) return error.failure;
  throw error;
}
