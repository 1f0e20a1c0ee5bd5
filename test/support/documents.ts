import type { Firestore } from '@google-cloud/firestore';

/** Writes documents in batches of 500. */
export async function seed(
  store: Firestore,
  collection: string,
  documents: Map<string, object>,
): Promise<void> {
  const entries = [...documents];
  for (let from = 0; from < entries.length; from += 500) {
    const batch = store.batch();
    for (const [id, fields] of entries.slice(from, from + 500))
      batch.set(store.collection(collection).doc(id), fields);
    await batch.commit();
  }
}

/** Deletes a whole collection in batches; the client's recursiveDelete is limited to 500 a second. */
export async function clear(store: Firestore, collection: string): Promise<void> {
  const { docs } = await store.collection(collection).select().get();
  for (let from = 0; from < docs.length; from += 500) {
    const batch = store.batch();
    for (const doc of docs.slice(from, from + 500)) batch.delete(doc.ref);
    await batch.commit();
  }
}
