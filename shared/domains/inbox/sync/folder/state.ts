import type { DocumentSnapshot } from '@google-cloud/firestore';
import { UidSet } from '../../imap/uid-set.ts';

/** The cursor of one folder, and the facts kept beside it. */
export interface FolderState {
  path: string;
  /** 64-bit, as a string; null before the first sync. */
  uidValidity: string | null;
  /** New mail is above it. */
  lastUid: number;
  /** The change counter up to which flags are known (RFC 7162); null if the server has none. */
  highestModseq: string | null;
  /** Older mail, below it, is still to be fetched; 1 when all of it is there. */
  backfillUid: number;
  /** Every message that is stored and not removed, quarantined ones included. */
  uids: UidSet;
  /** Stored ones that the last complete listing did not name; a second one confirms their removal. */
  missing: UidSet;
  /** Failures in a row of messages that could not be stored yet. */
  failing: Readonly<Record<string, { attempts: number; reason: string }>>;
  /**
   * Messages in quarantine, and stored ones whose text did not come, with the next try in milliseconds since the epoch.
   * Null if an older version wrote the document, which kept no such list.
   */
  retries: Readonly<Record<string, Retry>> | null;
  /** The UIDs that bear each flag, if the server cannot name changes; else null. */
  flagUids: Readonly<Record<string, string>> | null;
  /** The server counts changes and refuses to name them (CHANGEDSINCE): all flags are compared. */
  changesRefused: boolean;
  /** The server's own count of messages at the last sync; null before. */
  exists: number | null;
  /** Messages on the server that are older than sync_from. */
  outside: number;
  /** Syncs in a row in which the folder was absent. */
  absentSyncs: number;
  /** Times in a row that the connection broke while messages were fetched: they are then asked for in smaller groups. */
  stumbles: number;
  /** Changes of UIDVALIDITY, in all and in consecutive syncs. */
  resets: number;
  resetsInRow: number;
  /** The UIDVALIDITY that was refused because it had changed too often; seen again, it has settled. */
  unsettled: string | null;
}

export interface Retry {
  tries: number;
  at: number;
}

/** A folder that has never been looked at. */
function newFolder(path: string): FolderState {
  return {
    path,
    uidValidity: null,
    lastUid: 0,
    highestModseq: null,
    backfillUid: 1,
    uids: UidSet.empty,
    missing: UidSet.empty,
    failing: {},
    retries: {},
    flagUids: null,
    changesRefused: false,
    outside: 0,
    exists: null,
    absentSyncs: 0,
    stumbles: 0,
    resets: 0,
    resetsInRow: 0,
    unsettled: null,
  };
}

/** A folder's state as a document. */
export function toFolderDocument(state: FolderState): Record<string, unknown> {
  return {
    path: state.path,
    uid_validity: state.uidValidity,
    last_uid: state.lastUid,
    highest_modseq: state.highestModseq,
    backfill_uid: state.backfillUid,
    uids: state.uids.toString(),
    missing_uids: state.missing.toString(),
    failing: state.failing,
    retries: state.retries,
    flag_uids: state.flagUids,
    changes_refused: state.changesRefused,
    exists: state.exists,
    outside: state.outside,
    absent_rounds: state.absentSyncs,
    stumbles: state.stumbles,
    resets: state.resets,
    resets_in_row: state.resetsInRow,
    unsettled_uid_validity: state.unsettled,
  };
}

/**
 * Reads a folder's document. A damaged one counts as none: the folder is then learnt again from the stored messages and
 * from the server, and nothing is stored twice.
 */
export function readFolderDocument(path: string, snapshot: DocumentSnapshot | undefined): FolderState {
  const data = snapshot?.data();
  if (!data) return newFolder(path);
  try {
    const whole = (name: string, least: number) => {
      const value: unknown = data[name] ?? least;
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) throw new Error(name);
      return value;
    };
    const digits = (name: string) => {
      const value: unknown = data[name] ?? null;
      if (value !== null && (typeof value !== 'string' || !/^[1-9]\d{0,19}$/.test(value)))
        throw new Error(name);
      return value;
    };
    return {
      path,
      uidValidity: digits('uid_validity'),
      lastUid: whole('last_uid', 0),
      highestModseq: digits('highest_modseq'),
      backfillUid: whole('backfill_uid', 1),
      uids: UidSet.parse(data['uids']),
      missing: UidSet.parse(data['missing_uids'] ?? ''),
      failing: data['failing'] ?? {},
      retries: data['retries'] ?? null,
      flagUids: data['flag_uids'] ?? null,
      changesRefused: data['changes_refused'] === true,
      exists: typeof data['exists'] === 'number' ? whole('exists', 0) : null,
      outside: whole('outside', 0),
      absentSyncs: whole('absent_rounds', 0),
      stumbles: whole('stumbles', 0),
      resets: whole('resets', 0),
      resetsInRow: whole('resets_in_row', 0),
      unsettled: digits('unsettled_uid_validity'),
    };
  } catch {
    return newFolder(path);
  }
}
