import { type DocumentReference, type Firestore, Timestamp } from '@google-cloud/firestore';
import { isConflict, millis } from '../../../doors/store/firestore.ts';
import { flagFields } from '../message/message.ts';

/** Where a folder's messages and its cursor are kept, and what it costs. */
export interface Place {
  store: Firestore;
  orgId: string;
  integrationId: string;
  folder: string;
}

/** A batch is one request; Firestore takes 500 writes and 10 MiB. Smaller ones in parallel are faster. */
const BATCH_WRITES = 50;
const BATCH_BYTES = 2_000_000;
/** gRPC's INVALID_ARGUMENT: a document that Firestore will never take. */
const INVALID_ARGUMENT = 3;
/** Values of one `in` (https://firebase.google.com/docs/firestore/query-data/queries#limits_on_or_queries). */
const MAX_IN = 30;

const messagesOf = (store: Firestore) => store.collection('inbox_messages');

/** One document to be created; `replaces` is the document of the same mail under an older UIDVALIDITY. */
export interface NewDocument {
  id: string;
  uid: number;
  fields: Record<string, unknown>;
  flags: readonly string[];
  replaces: DocumentReference | null;
}

/** What became of a document: made now, there already, the old mail under a new UID, or refused for ever. */
export type Created = 'new' | 'there' | 'replaced' | Error;

/**
 * Creates documents, each once for ever: one that is there already is left alone, but for the flags that the server has
 * now. A replaced document is marked removed in the same commit. Throws where the store itself is at fault.
 */
export async function createDocuments(
  place: Place,
  documents: readonly NewDocument[],
  now: Date,
): Promise<Created[]> {
  const groups = batches(documents);
  const results = await Promise.all(groups.map((group) => createBatch(place, group, now)));
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

async function createBatch(place: Place, group: readonly NewDocument[], now: Date): Promise<Created[]> {
  const batch = place.store.batch();
  for (const { id, fields, replaces } of group) {
    batch.create(messagesOf(place.store).doc(id), fields);
    if (replaces) batch.update(replaces, { removed_at: Timestamp.fromDate(now) });
  }
  try {
    await batch.commit();
    return group.map(({ replaces }) => (replaces ? 'replaced' : 'new'));
  } catch (error) {
    if (isConflict(error)) return await createMissing(place, group, now);
    if ((error as { code?: unknown }).code !== INVALID_ARGUMENT) throw error;
    if (group.length === 1) return [error as Error];
    const middle = Math.ceil(group.length / 2);
    const halves = [group.slice(0, middle), group.slice(middle)];
    return (await Promise.all(halves.map((half) => createBatch(place, half, now)))).flat();
  }
}

/** Some are there already: a round that was killed, or another one beside this, has stored them. */
async function createMissing(place: Place, group: readonly NewDocument[], now: Date): Promise<Created[]> {
  const { store } = place;
  const found = await store.getAll(...group.map(({ id }) => messagesOf(store).doc(id)), {
    fieldMask: ['flags', 'removed_at', 'replaces'],
  });
  const results: Created[] = [];
  for (const [index, document] of group.entries()) {
    const snapshot = found[index];
    if (!snapshot?.exists) {
      const replaces = group.length === 1 ? null : document.replaces;
      results.push(...(await createBatch(place, [{ ...document, replaces }], now)));
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

/** Updates documents by their ids; ones that are gone meanwhile are left out. Returns how many were written. */
export async function updateDocuments(
  place: Place,
  updates: readonly { id: string; fields: Record<string, unknown> }[],
): Promise<number> {
  const { store } = place;
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
      for (const update of group) written += await updateDocuments(place, [update]);
    }
  }
  return written;
}

/** One stored message of a folder, as far as finding it again needs. */
export interface StoredMessage {
  ref: DocumentReference;
  uid: number;
  uidValidity: string;
  messageId: string | null;
  size: number;
  receivedAt: number | null;
  flags: string[];
}

const STORED_FIELDS = ['uid', 'uid_validity', 'message_id', 'size', 'received_at', 'flags', 'quarantined'];

/** Every message of the folder that is not removed, under whatever UIDVALIDITY. Needed only where a cursor is lost. */
export async function storedMessages({ store, integrationId, folder }: Place): Promise<StoredMessage[]> {
  const { docs } = await messagesOf(store)
    .where('integration_id', '==', integrationId)
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

/** The threads of stored messages of the organisation, by Message-ID. */
export async function storedThreads(
  place: Place,
  messageIds: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const docs = await queryIn(place, 'message_id', [...messageIds], ['message_id', 'thread_id']);
  return new Map(docs.map((doc) => [doc.get('message_id') as string, doc.get('thread_id') as string]));
}

/** Moves stored messages from the threads they were put into before their ancestors were known. */
export async function joinThreads(place: Place, joins: ReadonlyMap<string, string>): Promise<void> {
  const docs = await queryIn(place, 'thread_id', [...joins.keys()], ['thread_id']);
  const updates = docs.map((doc) => ({
    id: doc.id,
    fields: { thread_id: joins.get(doc.get('thread_id') as string) },
  }));
  await updateDocuments(place, updates);
}

async function queryIn({ store, orgId }: Place, field: string, values: readonly string[], fields: string[]) {
  const groups = Array.from({ length: Math.ceil(values.length / MAX_IN) }, (_, index) =>
    values.slice(index * MAX_IN, (index + 1) * MAX_IN),
  );
  const found = await Promise.all(
    groups.map((group) =>
      messagesOf(store)
        .where('org_id', '==', orgId)
        .where(field, 'in', group)
        .select(...fields)
        .get(),
    ),
  );
  return found.flatMap(({ docs }) => docs);
}
