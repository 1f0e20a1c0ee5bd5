import type { SearchObject } from 'imapflow';
import { type MailboxConnection, MailboxError } from '../imap/connection.ts';
import { UidSet } from '../imap/uid-set.ts';
import type { FolderSync } from './mailbox-sync.ts';

/** UIDs that are asked for at a time if the server's SEARCH does not name all messages. */
const WINDOW = 500;
/** Within this, a window grows over UIDs that no message has. */
const MAX_WINDOW = 2 ** 31;

export interface Listing {
  all: UidSet;
  /** The messages to store: all, or those not older than sync_from. */
  wanted: UidSet;
  /** The server's own count. */
  exists: number;
  /** It surely names every message there is. */
  complete: boolean;
}

/** Lists every UID of the folder. Returns null if the numbers say that nothing has come or gone. */
export async function listMessages(sync: FolderSync): Promise<Listing | null> {
  const { connection, folder, mailbox, opened } = sync;
  const { state } = folder;
  // A UIDNEXT that is too low is wrong, and says nothing about new mail.
  const nothingCame = opened.uidNext - 1 === state.lastUid && state.backfillUid === 1;
  const nothingWent = opened.exists === state.uids.size + state.outside && state.missing.size === 0;
  if (nothingCame && nothingWent) return null;
  const { since } = mailbox;
  const searched = opened.exists === 0 ? [] : await search(connection, { all: true });
  const recent = since === null ? null : await search(connection, { since });
  // Without an answer to the second question the dates of all messages are asked for.
  const listed = UidSet.of(recent === null && since !== null ? [] : (searched ?? []));
  const walked = await listRest(sync, listed);
  const all = listed.with(walked.keys());
  const exists = countOf(sync);
  const isRecent = (date: Date | undefined) => since === null || date === undefined || date >= since;
  const fresh = [...walked].flatMap(([uid, date]) => (isRecent(date) ? [uid] : []));
  const wanted = since === null ? all : UidSet.of([...(recent ?? []), ...fresh]).and(all);
  // Mail that came or went during the listing makes it differ from the count; such a listing proves nothing.
  return { all, wanted, exists, complete: all.size === exists };
}

/** The server's count, which it corrects while the folder is open. */
function countOf({ connection, opened }: FolderSync): number {
  const { mailbox } = connection.client;
  return mailbox ? mailbox.exists : opened.exists;
}

/** Returns null if the server refuses the search. Throws if it is busy or the connection is gone. */
async function search(connection: MailboxConnection, query: SearchObject): Promise<number[] | null> {
  try {
    return await connection.search(query);
  } catch (error) {
    const isRefused = error instanceof MailboxError && connection.client.usable;
    if (isRefused && error.failure.kind !== 'busy') return null;
    throw error;
  }
}

/**
 * Finds the messages that a SEARCH left out, with the dates they came at: servers cut it short at either end or in the
 * middle (RFC 9738, MESSAGELIMIT, or without a word). Asks for the newest first, then walks all UIDs in windows, down from
 * the end, until the server's count is reached.
 */
async function listRest(sync: FolderSync, listed: UidSet): Promise<Map<number, Date | undefined>> {
  const { folder, opened, mayGoOn, mailbox, connection } = sync;
  const found = new Map<number, Date | undefined>();
  const isShort = () => listed.size + found.size < countOf(sync);
  const ask = async (set: string) =>
    await connection.run(async (client) => {
      let count = 0;
      const items = mailbox.since === null ? [] : (['INTERNALDATE'] as const);
      const limited = await client.fetchEach(set, { items }, ({ uid, internalDate }) => {
        count += 1;
        if (uid !== undefined && !listed.has(uid))
          found.set(uid, internalDate instanceof Date ? internalDate : undefined);
      });
      return { count, limited };
    });
  if (isShort()) await ask(`${folder.state.lastUid + 1}:*`);
  let [last, width] = [Math.max(opened.uidNext - 1, listed.greatest, ...found.keys()), WINDOW];
  while (last >= 1 && isShort() && mayGoOn()) {
    while (listed.has(last) || found.has(last)) last -= 1;
    if (last < 1) break;
    const first = Math.max(1, last - width + 1);
    const { count, limited } = await ask(`${first}:${last}`);
    if (limited && width > 1) {
      width = Math.max(1, Math.floor(width / 2));
      continue;
    }
    last = first - 1;
    if (count === 0) width = Math.min(MAX_WINDOW, width * 2);
    else if (count > WINDOW) width = Math.max(WINDOW, Math.floor(width / 2));
  }
  return found;
}
