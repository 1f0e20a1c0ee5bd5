import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { afterSuccess, HEALTHY, type Health, healthFields, readHealth } from '../../doors/account/health.ts';
import { millis } from '../../doors/store/firestore.ts';

/** A folder whose numbers do not agree. */
export interface FolderGap {
  folder: string;
  /** The server's count of messages; null if the folder is not on the server. */
  exists: number | null;
  /** Messages of it that are stored, in quarantine, or older than sync_from. */
  stored: number;
}

/** The health of a mailbox. Times are milliseconds since the epoch. */
export interface MailboxHealth extends Health {
  /** Folders whose mail is not all stored, though the last sync did all it could. */
  gaps: readonly FolderGap[];
  /** The start of the absence of folders, as the owner was notified; null if all are there. */
  foldersAbsentAt: number | null;
}

export const HEALTHY_MAILBOX: MailboxHealth = { ...HEALTHY, gaps: [], foldersAbsentAt: null };

/** Returns the health after a sync without an error; `gaps` are the folders that are not all stored. */
export function afterSync(health: MailboxHealth, now: Date, gaps: readonly FolderGap[]): MailboxHealth {
  const isAbsent = gaps.some(({ exists }) => exists === null);
  const foldersAbsentAt = isAbsent ? (health.foldersAbsentAt ?? now.getTime()) : null;
  return { ...afterSuccess(health, now), gaps, foldersAbsentAt };
}

/** Reads the field `health` of a mailbox's document. Absent fields mean that all is well. */
export function readMailboxHealth(snapshot: Pick<DocumentSnapshot, 'get'>): MailboxHealth {
  const gaps: unknown = snapshot.get('health.incomplete');
  return {
    ...readHealth(snapshot),
    gaps: Array.isArray(gaps) ? (gaps as FolderGap[]) : [],
    foldersAbsentAt: millis(snapshot.get('health.folders_absent_at')),
  };
}

/** A mailbox's health as it is stored. */
export function mailboxHealthFields(health: MailboxHealth): Record<string, unknown> {
  const { gaps, foldersAbsentAt } = health;
  return {
    ...healthFields(health),
    incomplete: [...gaps],
    folders_absent_at: foldersAbsentAt === null ? null : Timestamp.fromMillis(foldersAbsentAt),
  };
}
