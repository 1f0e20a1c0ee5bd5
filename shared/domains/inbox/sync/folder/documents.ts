import { type DocumentReference, FieldValue, type Firestore, Timestamp } from '@google-cloud/firestore';
import { isConflict, millis } from '../../../../doors/store/firestore.ts';
import { flagFields } from '../../message/message.ts';

/** A batch is one request; Firestore takes 500 writes and 10 MiB. Smaller ones in parallel are faster. */
const BATCH_WRITES = 50;
const BATCH_BYTES = 2_000_000;
/** gRPC's INVALID_ARGUMENT: a document that Firestore will never take. */
const INVALID_ARGUMENT = 3;

export const messagesOf = (store: Firestore) => store.collection('inbox_messages');

/** One document to be created; `replaces` is the document of the same mail under an older UIDVALIDITY. */
export interface NewDocument {
  id: string;
  fields: Record<string, unknown>;
  flags: readonly string[];
  replaces: DocumentReference | null;
}

/** A document's fate: created now, stored before, the old mail under a new UID, or an error that refuses it for ever. */
export type Created = 'new' | 'there' | 'replaced' | Error;

/**
 * Creates documents, each once for ever. One that exists already is left alone, except for the flags that the server has
 * now. A replaced document is marked removed in the same commit. Throws if the store itself fails.
 */
export async function createDocuments(
  store: Firestore,
  documents: readonly NewDocument[],
  now: Date,
): Promise<Created[]> {
  const groups = batches(documents);
  const results = await Promise.all(groups.map((group) => createBatch(store, group, now)));
  return results.flat();
}

function batches(documents: readonly NewDocument[]): NewDocument[][] {
  const groups: NewDocument[][] = [];
  let bytes = 0;
  for (const document of documents) {
    const { text, html } = document.fields as { text?: string; html?: string };
    const size = (text?.length ?? 0) + (html?.length ?? 0);
    const last = groups.at(-1);
    if (last && last.length < BATCH_WRITES && bytes + size <= BATCH_BYTES) last.push(document);
    else {
      groups.push([document]);
      bytes = 0;
    }
    bytes += size;
  }
  return groups;
}

async function createBatch(store: Firestore, group: readonly NewDocument[], now: Date): Promise<Created[]> {
  const batch = store.batch();
  for (const { id, fields, replaces } of group) {
    batch.create(messagesOf(store).doc(id), fields);
    if (replaces) batch.update(replaces, { removed_at: Timestamp.fromDate(now) });
  }
  try {
    await batch.commit();
    return group.map(({ replaces }) => (replaces ? 'replaced' : 'new'));
  } catch (error) {
    if (isConflict(error)) return await createMissing(store, group, now);
    if ((error as { code?: unknown }).code !== INVALID_ARGUMENT) throw error;
    if (group.length === 1) return [error as Error];
    const middle = Math.ceil(group.length / 2);
    const halves = [group.slice(0, middle), group.slice(middle)];
    return (await Promise.all(halves.map((half) => createBatch(store, half, now)))).flat();
  }
}

/** Creates what is missing. A sync that was killed, or another one at the same time, has stored the rest. */
async function createMissing(store: Firestore, group: readonly NewDocument[], now: Date): Promise<Created[]> {
  const found = await store.getAll(...group.map(({ id }) => messagesOf(store).doc(id)), {
    fieldMask: ['flags', 'removed_at', 'replaces'],
  });
  const results: Created[] = [];
  for (const [index, document] of group.entries()) {
    const snapshot = found[index];
    if (!snapshot?.exists) {
      const replaces = group.length === 1 ? null : document.replaces;
      results.push(...(await createBatch(store, [{ ...document, replaces }], now)));
      continue;
    }
    const stored = [...((snapshot.get('flags') as string[] | undefined) ?? [])].sort();
    if (millis(snapshot.get('removed_at')) !== null || stored.join(' ') !== document.flags.join(' ')) {
      await snapshot.ref.update({ ...flagFields(document.flags), removed_at: null });
    }
    results.push(snapshot.get('replaces') === undefined ? 'there' : 'replaced');
  }
  return results;
}

/** Updates documents by their ids, and skips those that are gone. Returns how many were written. */
export async function updateDocuments(
  store: Firestore,
  updates: readonly { id: string; fields: Record<string, unknown> }[],
): Promise<number> {
  if (updates.length === 0) return 0;
  const groups = Array.from({ length: Math.ceil(updates.length / BATCH_WRITES) }, (_, index) =>
    updates.slice(index * BATCH_WRITES, (index + 1) * BATCH_WRITES),
  );
  let written = 0;
  for (const group of groups) {
    const batch = store.batch();
    for (const { id, fields } of group) batch.update(messagesOf(store).doc(id), fields);
    try {
      await batch.commit();
      written += group.length;
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (group.length === 1) continue;
      for (const update of group) written += await updateDocuments(store, [update]);
    }
  }
  return written;
}

/** Marks of a stub, and of a message without its text; what is whole now has neither. */
const INCOMPLETE = { in_quarantine: FieldValue.delete(), text_missing: FieldValue.delete() };

/** Writes a document over its stub. Returns false if it is gone, or was emptied for a person. */
export async function replaceDocument(
  store: Firestore,
  id: string,
  fields: Record<string, unknown>,
): Promise<boolean> {
  const ref = messagesOf(store).doc(id);
  return await store.runTransaction(async (transaction) => {
    const found = await transaction.get(ref);
    if (!found.exists || found.get('erased') === true) return false;
    transaction.update(ref, { ...INCOMPLETE, ...fields });
    return true;
  });
}

/** The traits by which a stored message of a folder is found again. */
export interface StoredMessage {
  ref: DocumentReference;
  uid: number;
  uidValidity: string;
  messageId: string | null;
  size: number;
  receivedAt: number | null;
  flags: string[];
}

/** Returns the UIDs of a folder's messages in quarantine. A person is to see them: there are few. */
export async function readQuarantined(
  store: Firestore,
  { mailboxId, folder, uidValidity }: { mailboxId: string; folder: string; uidValidity: string },
): Promise<number[]> {
  const { docs } = await messagesOf(store)
    .where('integration_id', '==', mailboxId)
    .where('in_quarantine', '==', true)
    .select('folder', 'uid', 'uid_validity')
    .get();
  const here = docs.filter((doc) => doc.get('folder') === folder && doc.get('uid_validity') === uidValidity);
  return here.map((doc) => doc.get('uid') as number);
}

const STORED_FIELDS = ['uid', 'uid_validity', 'message_id', 'size', 'received_at', 'flags', 'quarantined'];

/** Reads every message of a folder that is not removed, under any UIDVALIDITY. */
export async function readStored(
  store: Firestore,
  mailboxId: string,
  folder: string,
): Promise<StoredMessage[]> {
  const { docs } = await messagesOf(store)
    .where('integration_id', '==', mailboxId)
    .where('folder', '==', folder)
    .where('removed_at', '==', null)
    .select(...STORED_FIELDS)
    .get();
  return docs.map((doc) => ({
    ref: doc.ref,
    uid: doc.get('uid') as number,
    uidValidity: String(doc.get('uid_validity')),
    messageId: (doc.get('message_id') as string | undefined) ?? null,
    size: (doc.get('size') as number | undefined) ?? 0,
    receivedAt: millis(doc.get('received_at')),
    flags: [...((doc.get('flags') as string[] | undefined) ?? [])].sort(),
  }));
}
