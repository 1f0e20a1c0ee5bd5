import type { Failure } from '../../../../shared/domains/inbox/imap/failure.ts';
import type { MailboxReport } from '../../../../shared/domains/inbox/mailbox/try-mailbox.ts';
import type { FolderGap } from '../../../../shared/domains/inbox/mailbox-health.ts';
import type { FolderState } from '../../../../shared/domains/inbox/sync/folder/state.ts';
import type { Tally } from '../../../../shared/domains/inbox/sync/mailbox-sync.ts';

/** A folder's cursor as a person reads it. */
export interface FolderView {
  id: string;
  path: string;
  /** Stored and not removed, those in quarantine included. */
  stored: number;
  /** Named by the server and not stored yet, with the reason of the last try. */
  failing: { uid: string; attempts: number; reason: string }[];
  /** Older than sync_from: left where they are. */
  outside: number;
  /** The server's own count; null if it was not asked yet. Complete: `stored - missing + outside`. */
  exists: number | null;
  /** Gone from the server in the last listing; a second one confirms it. */
  missing: number;
  /** Older mail is still being fetched. */
  backfilling: boolean;
  uid_validity: FolderState['uidValidity'];
  last_uid: number;
  resets: number;
}

/** The result of one synchronisation by hand. */
export interface SyncReport {
  /** False if it failed, and if a folder is not all stored though all that can be is. */
  success: boolean;
  complete: boolean;
  /** Folders that the server counts otherwise than the store. */
  incomplete: FolderGap[];
  messages: Omit<Tally, 'complete' | 'gaps'>;
  error: Failure | null;
}

/** The report on a mailbox that is not stored. */
export interface MailboxRehearsal {
  dry_run: true;
  test: MailboxReport;
}
