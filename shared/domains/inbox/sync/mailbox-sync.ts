import type { MailboxConnection } from '../imap/connection.ts';
import type { UidSet } from '../imap/uid-set.ts';
import type { Integration } from '../integration.ts';
import type { FolderGap } from '../mailbox-health.ts';
import type { SignalSink } from '../message/signals.ts';
import type { Folder } from './folder/folder.ts';
import type { Replacements } from './reset.ts';

/** One sync of one mailbox: its caller sets the bounds. */
export interface MailboxSync {
  mailbox: Integration;
  now: Date;
  /** Reads the mailbox's folders from the store. */
  readFolders: () => Promise<readonly Folder[]>;
  /** Connects and signs in, if asked with a new access token. */
  connect: (renew?: boolean) => Promise<MailboxConnection>;
  /** Asked between groups of messages: may another be begun? */
  mayGoOn: () => boolean;
  /** After this many milliseconds the connection is hung up, whatever the server does. */
  hangUpAfterMs: number;
  /** Called before anything is done to a folder with news: another sync may be at work on it. */
  claim?: (() => Promise<void>) | undefined;
  signals?: SignalSink | undefined;
}

/** One sync of one folder that is open. */
export interface FolderSync extends Pick<MailboxSync, 'mailbox' | 'now' | 'mayGoOn' | 'signals'> {
  connection: MailboxConnection;
  folder: Folder;
  opened: OpenedFolder;
  /** The UIDs that the server names, once it has been asked. */
  listed?: UidSet;
  tally: Tally;
  /** Stored in this sync, with their present flags. */
  fresh: Set<number>;
  /** Mail under an older UIDVALIDITY that is still to be found again; null if there is none. */
  replacements: Replacements | null;
  /** The flags that messages are stored with, by UID, if the folder is learnt again; else null. */
  storedFlags: ReadonlyMap<number, readonly string[]> | null;
}

/** A folder as the server showed it when it was opened; imapflow's own object changes later. */
export interface OpenedFolder {
  uidValidity: string;
  uidNext: number;
  exists: number;
  modseq: string | null;
  /** It holds mail that was sent from here, or is yet to be. */
  outbound: boolean;
}

/** The work of a sync, summed over its folders. */
export interface Tally {
  new: number;
  updated: number;
  removed: number;
  quarantined: number;
  /** Messages that the server named and that were not stored before, and how many of them are stored now. */
  announced: number;
  stored: number;
  /** False if something is left for the next sync. */
  complete: boolean;
  /** Folders whose mail is not all stored, though nothing is left to do. */
  gaps: FolderGap[];
}

/** Returns a tally of nothing. */
export const newTally = (): Tally => ({
  ...{ new: 0, updated: 0, removed: 0, quarantined: 0, announced: 0, stored: 0 },
  complete: true,
  gaps: [],
});
