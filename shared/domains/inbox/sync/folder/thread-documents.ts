import type { Firestore } from '@google-cloud/firestore';
import { messagesOf, updateDocuments } from './documents.ts';

/** Values of one `in` (https://firebase.google.com/docs/firestore/query-data/queries#limits_on_or_queries). */
const MAX_IN = 30;

/** Reads the threads of stored messages of an organisation, by Message-ID. */
export async function readThreads(
  store: Firestore,
  orgId: string,
  messageIds: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const docs = await findIn(store, orgId, { field: 'message_id', values: [...messageIds] });
  return new Map(docs.map((doc) => [doc.get('message_id') as string, doc.get('thread_id') as string]));
}

/** Moves stored messages of an organisation from threads to others. */
export async function joinThreads(
  store: Firestore,
  orgId: string,
  joins: ReadonlyMap<string, string>,
): Promise<void> {
  const docs = await findIn(store, orgId, { field: 'thread_id', values: [...joins.keys()] });
  const updates = docs.map((doc) => ({
    id: doc.id,
    fields: { thread_id: joins.get(doc.get('thread_id') as string) },
  }));
  await updateDocuments(store, updates);
}

async function findIn(
  store: Firestore,
  orgId: string,
  { field, values }: { field: 'message_id' | 'thread_id'; values: readonly string[] },
) {
  const groups = Array.from({ length: Math.ceil(values.length / MAX_IN) }, (_, index) =>
    values.slice(index * MAX_IN, (index + 1) * MAX_IN),
  );
  const found = await Promise.all(
    groups.map((group) =>
      messagesOf(store)
        .where('org_id', '==', orgId)
        .where(field, 'in', group)
        .select(...new Set([field, 'thread_id']))
        .get(),
    ),
  );
  return found.flatMap(({ docs }) => docs);
}
