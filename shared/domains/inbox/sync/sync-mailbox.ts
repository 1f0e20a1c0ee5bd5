import type { Firestore } from '@google-cloud/firestore';
import { type MailboxConnection, MailboxError } from '../imap/connection.ts';
import type { Failure } from '../imap/failure.ts';
import type { Integration } from '../integration.ts';
import type { SignalSink } from '../message/signals.ts';
import { Cursor } from './cursor.ts';
import type { KeptFolders } from './folder-documents.ts';
import { newTally, type Tally } from './folder-round.ts';
import { syncFolder } from './sync-folder.ts';

export interface MailboxRound {
  store: Firestore;
  now: Date;
  /** Reads what is kept of its folders. */
  kept: () => Promise<KeptFolders>;
  connect: () => Promise<MailboxConnection>;
  /** Asked between groups of messages: may another be begun? */
  mayGoOn: () => boolean;
  /** After so many milliseconds the connection is hung up, whatever the server does. */
  hangUpAfterMs: number;
  /** Called before anything is done to a folder in which something has happened: another round may be at it. */
  claim?: (() => Promise<void>) | undefined;
  signals?: SignalSink | undefined;
}

export interface MailboxResult {
  tally: Tally;
  /** What stopped the round, or a folder of it; null where all went well. */
  failure: Failure | null;
}

/**
 * One round of one mailbox, folder by folder. A failure of the mailbox is a result: what was stored before it stays. Bugs
 * and stores that are away are thrown, and so is Overtaken.
 */
export async function syncMailbox(integration: Integration, round: MailboxRound): Promise<MailboxResult> {
  const tally = newTally();
  // Read before the server is asked: what happens in between is found by the next round.
  const kept = await round.kept();
  let connection: MailboxConnection;
  try {
    connection = await round.connect();
  } catch (error) {
    return { tally, failure: failureIn(error) };
  }
  const hangUp = setTimeout(() => connection.client.close(), Math.max(0, round.hangUpAfterMs));
  try {
    const failure = await syncFolders(integration, round, connection, kept, tally);
    return { tally, failure };
  } finally {
    clearTimeout(hangUp);
    await connection.close();
  }
}

async function syncFolders(
  integration: Integration,
  round: MailboxRound,
  connection: MailboxConnection,
  kept: KeptFolders,
  tally: Tally,
): Promise<Failure | null> {
  const { store, now, mayGoOn, signals, claim } = round;
  const own = new Set([integration.user.toLowerCase()]);
  let failure: Failure | null = null;
  for (const [index, path] of integration.folders.entries()) {
    if (!mayGoOn()) {
      tally.complete = false;
      break;
    }
    const snapshot = kept[index];
    if (!snapshot) continue;
    const place = { store, orgId: integration.orgId, integrationId: integration.id, folder: path };
    const cursor = new Cursor(path, snapshot.ref, snapshot);
    const { since } = integration;
    try {
      await syncFolder({
        connection,
        place,
        cursor,
        now,
        since,
        own,
        mayGoOn,
        claim,
        signals,
        tally,
        fresh: new Set(),
      });
    } catch (error) {
      failure ??= failureIn(error);
      // A folder that cannot be opened leaves the others their turn; a connection that is gone does not.
      if (!connection.client.usable) break;
    }
  }
  return failure;
}

function failureIn(error: unknown): Failure {
  if (error instanceof MailboxError) return error.failure;
  throw error;
}
