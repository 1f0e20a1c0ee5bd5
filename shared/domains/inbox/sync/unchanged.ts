import { MailboxError } from '../imap/connection.ts';
import type { FolderRound } from './folder-round.ts';

/**
 * Whether nothing has happened to a folder since the last round, by one question (STATUS) instead of the four that opening
 * it takes. Only a server that counts changes (RFC 7162) can tell; where anything is still to be done, it is not asked.
 */
export async function isUnchanged({ connection, cursor }: FolderRound): Promise<boolean> {
  const { state } = cursor;
  const settled = state.backfillUid === 1 && state.missing.size === 0 && state.absentRounds === 0;
  if (!settled || state.highestModseq === null || state.resetsInRow > 0) return false;
  if (!connection.client.capabilities.has('CONDSTORE')) return false;
  const query = { uidValidity: true, uidNext: true, messages: true, highestModseq: true };
  const status = await connection
    .run((client) => client.status(state.path, query))
    .catch((error: unknown) => {
      // A folder that is gone, or may not be asked about: opening it tells.
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
