import type { DocumentReference, DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { isConflict } from '../../../doors/store/firestore.ts';
import { type FolderState, readFolderDocument, toFolderDocument } from './folder-state.ts';

/** Another round has moved the cursor meanwhile; it goes on, this one stops. Nothing is lost: all it stored stays. */
export class Overtaken extends Error {
  constructor(path: string) {
    super(`another round is synchronising ${path}`);
    this.name = 'Overtaken';
  }
}

/** A folder's state and the document that keeps it. It is written only as it was read: two rounds never mix. */
export class Cursor {
  state: FolderState;
  readonly ref: DocumentReference;
  #written: Timestamp | undefined;
  #kept: string;

  constructor(path: string, ref: DocumentReference, snapshot: DocumentSnapshot | undefined) {
    this.state = readFolderDocument(path, snapshot);
    this.ref = ref;
    this.#written = snapshot?.updateTime;
    this.#kept = snapshot?.exists ? JSON.stringify(toFolderDocument(this.state)) : '';
  }

  /** Writes the state where it has changed; throws Overtaken where another round was faster. */
  async save(changes: Partial<FolderState>): Promise<void> {
    const next = { ...this.state, ...changes };
    requireForward(this.state, next);
    const fields = toFolderDocument(next);
    const text = JSON.stringify(fields);
    if (text !== this.#kept) {
      try {
        const write = this.#written
          ? await this.ref.update(fields, { lastUpdateTime: this.#written })
          : await this.ref.create(fields);
        this.#written = write.writeTime;
      } catch (error) {
        if (isConflict(error)) throw new Overtaken(next.path);
        throw error;
      }
      this.#kept = text;
    }
    this.state = next;
  }
}

/** A cursor never goes back, and never to what is no cursor. */
function requireForward(from: FolderState, to: FolderState): void {
  const valid = to.uidValidity === null || BigInt(to.uidValidity) > 0n;
  const same = from.uidValidity === to.uidValidity;
  const forward = to.lastUid >= from.lastUid && to.backfillUid <= Math.max(from.backfillUid, 1);
  const whole = Number.isSafeInteger(to.lastUid) && Number.isSafeInteger(to.backfillUid);
  if (valid && whole && (!same || from.uidValidity === null || forward)) return;
  throw new Error(
    `The cursor of ${from.path} would go from ${from.uidValidity}/${from.lastUid}/${from.backfillUid} to ${to.uidValidity}/${to.lastUid}/${to.backfillUid}; it only goes forward.`,
  );
}
