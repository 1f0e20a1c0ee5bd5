import type { MailboxConnection } from '../imap/connection.ts';
import type { SignalSink } from '../message/signals.ts';
import type { Cursor } from './cursor.ts';
import type { Place } from './documents.ts';

/** What a round of a folder is given. */
export interface FolderRound {
  connection: MailboxConnection;
  place: Place;
  cursor: Cursor;
  now: Date;
  /** Older mail is left where it is. */
  since: Date | null;
  own: ReadonlySet<string>;
  /** Asked between groups of messages: may another be begun? */
  mayGoOn: () => boolean;
  /** Asked once something has happened in the folder, before anything is done about it. */
  claim?: (() => Promise<void>) | undefined;
  signals: SignalSink | undefined;
  tally: Tally;
  /** Stored in this round, with the flags of this round. */
  fresh: Set<number>;
}

/** What a round has done, summed over its folders. */
export interface Tally {
  new: number;
  updated: number;
  removed: number;
  quarantined: number;
  /** Messages that the server named and that were not stored before, and how many of them are stored now. */
  announced: number;
  stored: number;
  /** False where something is left for the next round. */
  complete: boolean;
}

export const newTally = (): Tally => ({
  ...{ new: 0, updated: 0, removed: 0, quarantined: 0, announced: 0, stored: 0 },
  complete: true,
});

/** The folder as the server showed it when it was opened; imapflow's own object changes while we work. */
export interface Opened {
  uidValidity: string;
  uidNext: number;
  exists: number;
  modseq: string | null;
  outbound: boolean;
}
