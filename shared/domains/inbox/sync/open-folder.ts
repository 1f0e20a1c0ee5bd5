import type { MailboxObject } from 'imapflow';
import { type MailboxConnection, MailboxError } from '../imap/connection.ts';
import type { Folder } from './folder/folder.ts';
import type { OpenedFolder } from './mailbox-sync.ts';

/**
 * Returns whether nothing has happened to a folder since the last sync, by one question (STATUS) instead of the four that
 * opening it takes. Only a server that counts changes (RFC 7162) can answer; it is not asked if work is left.
 */
export async function isUnchanged(connection: MailboxConnection, { state }: Folder): Promise<boolean> {
  const settled = state.backfillUid === 1 && state.missing.size === 0 && state.absentSyncs === 0;
  if (!settled || state.highestModseq === null || state.resetsInRow > 0) return false;
  if (!connection.client.capabilities.has('CONDSTORE')) return false;
  const query = { uidValidity: true, uidNext: true, messages: true, highestModseq: true };
  const status = await connection
    .run((client) => client.status(state.path, query))
    .catch((error: unknown) => {
      // A folder that is gone, or may not be asked about: opening it shows which.
      if (error instanceof MailboxError && connection.client.usable) return false as const;
      throw error;
    });
  if (!status) return false;
  return (
    String(status.uidValidity) === state.uidValidity &&
    String(status.highestModseq) === state.highestModseq &&
    (status.uidNext ?? Number.POSITIVE_INFINITY) - 1 <= state.lastUid &&
    status.messages === state.uids.size + state.outside
  );
}

/** Opens a folder for reading only. Returns null if it is absent, or cannot be opened. */
export async function openFolder(connection: MailboxConnection, path: string): Promise<OpenedFolder | null> {
  try {
    const opened = await connection.client.mailboxOpen(path, { readOnly: true });
    const uidNext = isUidNext(opened.uidNext) ? opened.uidNext : await findUidNext(connection, opened);
    return validate({ ...opened, uidNext }, connection.client.capabilities.has('CONDSTORE'), path);
  } catch (error) {
    const { mailboxMissing, serverResponseCode } = error as {
      mailboxMissing?: boolean;
      serverResponseCode?: string;
    };
    const gone = mailboxMissing || serverResponseCode === 'NONEXISTENT' || serverResponseCode === 'TRYCREATE';
    if (gone) return null;
    return await connection.run(() => Promise.reject(error));
  }
}

const isUidNext = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;

/** A server may leave UIDNEXT out (RFC 3501, 6.3.1): STATUS knows it, or the greatest UID does. */
async function findUidNext(connection: MailboxConnection, { path, exists }: MailboxObject): Promise<number> {
  const status = await connection
    .run((client) => client.status(path, { uidNext: true }))
    .catch((error: unknown) => {
      if (error instanceof MailboxError && connection.client.usable) return false as const;
      throw error;
    });
  if (status && isUidNext(status.uidNext)) return status.uidNext;
  let greatest = 0;
  if (exists > 0)
    await connection.run((client) =>
      client.fetchEach('*', {}, ({ uid = 0 }) => {
        greatest = Math.max(greatest, uid);
      }),
    );
  return greatest + 1;
}

function validate(opened: MailboxObject, condstore: boolean, path: string): OpenedFolder {
  const { uidValidity, uidNext, exists, highestModseq, noModseq, specialUse } = opened;
  if (!uidValidity || uidValidity <= 0n) {
    const detail = `${path} has no UIDVALIDITY from 1 to ${2n ** 63n - 1n}, so its messages have no numbers to know them by`;
    throw new MailboxError({ kind: 'protocol', detail }, null);
  }
  const modseq = condstore && !noModseq && highestModseq ? String(highestModseq) : null;
  const outbound = specialUse === '\\Sent' || specialUse === '\\Drafts';
  return { uidValidity: String(uidValidity), uidNext, exists, modseq, outbound };
}
