import {
  type DocumentReference,
  type DocumentSnapshot,
  type Firestore,
  Timestamp,
} from '@google-cloud/firestore';
import { isConflict } from '../../../../doors/store/firestore.ts';
import type { Integration } from '../../integration.ts';
import { documentIdOf } from '../../message/identity.ts';
import { flagFields } from '../../message/message.ts';
import {
  type Created,
  createDocuments,
  readQuarantined,
  readStored,
  replaceDocument,
  type StoredMessage,
  updateDocuments,
} from './documents.ts';
import { type FolderState, readFolderDocument, toFolderDocument } from './state.ts';
import { joinThreads, readThreads } from './thread-documents.ts';

/** Another sync has moved the cursor. It goes on, this one stops, and everything stored stays. */
export class Overtaken extends Error {
  constructor(path: string) {
    super(`another sync is at work on ${path}`);
    this.name = 'Overtaken';
  }
}

/** A message to be stored; `replaces` is the document of the same mail under an older UIDVALIDITY. */
export interface NewMessage {
  uid: number;
  fields: Record<string, unknown>;
  flags: readonly string[];
  replaces: DocumentReference | null;
}

/**
 * One folder of one mailbox in the store: its cursor and the documents of its messages. The cursor is written only as it
 * was read, so that two syncs never mix.
 */
export class Folder {
  readonly path: string;
  readonly orgId: string;
  readonly #mailboxId: string;
  readonly #store: Firestore;
  readonly #ref: DocumentReference;
  #state: FolderState;
  #written: Timestamp | undefined;
  #kept: string;

  constructor(
    store: Firestore,
    mailbox: Pick<Integration, 'id' | 'orgId'>,
    path: string,
    snapshot: DocumentSnapshot,
  ) {
    this.path = path;
    this.orgId = mailbox.orgId;
    this.#mailboxId = mailbox.id;
    this.#store = store;
    this.#ref = snapshot.ref;
    this.#state = readFolderDocument(path, snapshot);
    this.#written = snapshot.updateTime;
    this.#kept = snapshot.exists ? JSON.stringify(toFolderDocument(this.#state)) : '';
  }

  get state(): FolderState {
    return this.#state;
  }

  /** Writes the state if it has changed. Throws Overtaken if another sync was faster. */
  async save(changes: Partial<FolderState>): Promise<void> {
    const next = { ...this.#state, ...changes };
    requireForward(this.#state, next);
    const fields = toFolderDocument(next);
    const text = JSON.stringify(fields);
    if (text !== this.#kept) {
      try {
        const write = this.#written
          ? await this.#ref.update(fields, { lastUpdateTime: this.#written })
          : await this.#ref.create(fields);
        this.#written = write.writeTime;
      } catch (error) {
        if (isConflict(error)) throw new Overtaken(this.path);
        throw error;
      }
      this.#kept = text;
    }
    this.#state = next;
  }

  /** Returns the id of a message's document. */
  identify(uid: number): string {
    return documentIdOf({
      ...{ orgId: this.orgId, integrationId: this.#mailboxId, folder: this.path },
      ...{ uidValidity: this.#uidValidity, uid },
    });
  }

  /** Stores messages, each once for ever. Returns for each what became of it; throws if the store itself fails. */
  async createMessages(messages: readonly NewMessage[], now: Date): Promise<Created[]> {
    const place = { org_id: this.orgId, integration_id: this.#mailboxId, folder: this.path };
    const documents = messages.map(({ uid, fields, ...rest }) => ({
      ...rest,
      id: this.identify(uid),
      fields: { ...place, uid_validity: this.#uidValidity, uid, ...fields },
    }));
    return await createDocuments(this.#store, documents, now);
  }

  /** Writes the flags of messages, by UID. Returns how many messages were written. */
  async updateFlags(flags: ReadonlyMap<number, readonly string[]>): Promise<number> {
    const updates = [...flags].map(([uid, each]) => ({ id: this.identify(uid), fields: flagFields(each) }));
    return await updateDocuments(this.#store, updates);
  }

  /** Marks documents of messages as removed. Returns how many were marked. */
  async markRemoved(ids: readonly string[], now: Date): Promise<number> {
    const fields = { removed_at: Timestamp.fromDate(now) };
    return await updateDocuments(
      this.#store,
      ids.map((id) => ({ id, fields })),
    );
  }

  /** Reads every message of the folder that is not removed, under any UIDVALIDITY. Needed only if a cursor is lost. */
  async readMessages(): Promise<StoredMessage[]> {
    return await readStored(this.#store, this.#mailboxId, this.path);
  }

  /** Returns the UIDs of messages in quarantine under the present UIDVALIDITY. */
  async readQuarantined(): Promise<number[]> {
    const place = { mailboxId: this.#mailboxId, folder: this.path, uidValidity: this.#uidValidity };
    return await readQuarantined(this.#store, place);
  }

  /** Writes a message over its stub. Returns false if the document is gone, or was emptied for a person. */
  async replaceMessage({ uid, fields }: Pick<NewMessage, 'uid' | 'fields'>): Promise<boolean> {
    return await replaceDocument(this.#store, this.identify(uid), fields);
  }

  /** Reads the threads of stored messages of the organisation, by Message-ID. */
  async readThreads(messageIds: ReadonlySet<string>): Promise<Map<string, string>> {
    return await readThreads(this.#store, this.orgId, messageIds);
  }

  /** Moves stored messages of the organisation from the threads they were put into before their ancestors were known. */
  async joinThreads(joins: ReadonlyMap<string, string>): Promise<void> {
    await joinThreads(this.#store, this.orgId, joins);
  }

  get #uidValidity(): string {
    const { uidValidity } = this.#state;
    if (uidValidity === null) throw new Error(`${this.path} has no UIDVALIDITY yet; open the folder first.`);
    return uidValidity;
  }
}

/** Throws if the cursor would go back or would not be valid. */
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
