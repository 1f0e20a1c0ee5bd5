import type { Firestore, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { ATTEMPT_FIELD, writeAttempt } from './counted.ts';
import { isConflict } from './firestore.ts';

/** One conditional update of a document that was read before. */
export interface ConditionalUpdate {
  snapshot: QueryDocumentSnapshot;
  fields: Record<string, unknown>;
}

export type UpdateResult = 'updated' | 'changed' | Error;

/**
 * Applies updates, each only if its document has not changed since it was read. A batch is atomic: after a conflict its
 * documents are read back, and all that have not changed are written.
 *
 * Returns a result per update, in order: 'updated', 'changed', or its error. The door recognises a batch whose answer was
 * lost by the mark of its first document.
 */
export async function updateUnchanged(
  store: Firestore,
  updates: readonly ConditionalUpdate[],
): Promise<UpdateResult[]> {
  const results = updates.map((): UpdateResult => 'changed');
  let left = updates.map((update, index) => ({ ...update, index }));
  while (left.length > 0) {
    const result = await commitUnchanged(store, left);
    if (result !== 'changed') {
      for (const { index } of left) results[index] = result;
      break;
    }
    const unchanged = await findUnchanged(store, left);
    if (unchanged.length === left.length) break;
    left = unchanged;
  }
  return results;
}

async function commitUnchanged(
  store: Firestore,
  updates: readonly ConditionalUpdate[],
): Promise<UpdateResult> {
  const batch = store.batch();
  for (const [index, { snapshot, fields }] of updates.entries()) {
    const marked = index === 0 ? { ...fields, ...writeAttempt() } : fields;
    batch.update(snapshot.ref, marked, { lastUpdateTime: snapshot.updateTime });
  }
  return await batch.commit().then(
    () => 'updated' as const,
    (error: unknown) => (isConflict(error) ? 'changed' : (error as Error)),
  );
}

/** Returns the updates whose documents are as they were read. */
async function findUnchanged<U extends ConditionalUpdate>(
  store: Firestore,
  updates: readonly U[],
): Promise<U[]> {
  const now = await store.getAll(...updates.map(({ snapshot }) => snapshot.ref), {
    fieldMask: [ATTEMPT_FIELD],
  });
  return updates.filter(({ snapshot }, index) => now[index]?.updateTime?.isEqual(snapshot.updateTime));
}
