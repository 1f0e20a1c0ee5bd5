import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { isConflict } from '../store/firestore.ts';
import type { Row } from './kind.ts';

/** An import gives up after this many lost races for the same documents. */
const TRIES = 8;

/** The number of documents that were created, given missing fields, or left unchanged. */
export interface Written {
  created: number;
  filled: number;
  existing: number;
}

/**
 * Creates missing documents in one commit; an existing document keeps its fields. An interrupted import can therefore run
 * again: it leaves its own earlier documents and the running system's changes unchanged.
 */
export async function writeRows(store: Firestore, rows: readonly Row[]): Promise<Written> {
  const sum: Written = { created: 0, filled: 0, existing: 0 };
  let left = rows;
  for (let attempt = 1; left.length > 0; attempt += 1) {
    if (await createAll(store, left)) return { ...sum, created: sum.created + left.length };
    const found = await read(store, left);
    const present = left.filter((_, index) => found[index]?.exists);
    const filled = await fill(store, left, found);
    sum.filled += filled;
    sum.existing += present.length - filled;
    left = left.filter((_, index) => !found[index]?.exists);
    if (attempt === TRIES)
      throw new Error('Too many concurrent changes of the same documents; run it again.');
  }
  return sum;
}

/** Returns what `writeRows` would do, for a dry run. */
export async function foreseeRows(store: Firestore, rows: readonly Row[]): Promise<Written> {
  const found = await read(store, rows);
  const sum: Written = { created: 0, filled: 0, existing: 0 };
  for (const [index, row] of rows.entries()) {
    const snapshot = found[index];
    if (!snapshot?.exists) sum.created += 1;
    else if (Object.keys(missingFields(row, snapshot)).length > 0) sum.filled += 1;
    else sum.existing += 1;
  }
  return sum;
}

async function createAll(store: Firestore, rows: readonly Row[]): Promise<boolean> {
  const batch = store.batch();
  for (const { ref, fields, also } of rows) {
    batch.create(ref, fields);
    also?.(batch);
  }
  try {
    await batch.commit();
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}

async function read(store: Firestore, rows: readonly Row[]): Promise<DocumentSnapshot[]> {
  if (rows.length === 0) return [];
  return await store.getAll(...rows.map(({ ref }) => ref));
}

/** Returns the fields to add to a document. A stored null counts as present. */
function missingFields({ fields, fills }: Row, snapshot: DocumentSnapshot): Record<string, unknown> {
  const there = snapshot.data() ?? {};
  const missing = Object.entries(fields).filter(
    ([name, value]) => value !== null && !Object.hasOwn(there, name),
  );
  return fills ? Object.fromEntries(missing) : {};
}

/** Adds missing fields to documents, each only if it has not changed. Returns the number of documents. */
async function fill(
  store: Firestore,
  rows: readonly Row[],
  found: readonly DocumentSnapshot[],
): Promise<number> {
  let filled = 0;
  for (const [index, row] of rows.entries()) {
    let snapshot = found[index];
    for (let attempt = 1; snapshot?.exists; attempt += 1) {
      const fields = missingFields(row, snapshot);
      if (Object.keys(fields).length === 0) break;
      try {
        await row.ref.update(fields, snapshot.updateTime ? { lastUpdateTime: snapshot.updateTime } : {});
        filled += 1;
        break;
      } catch (error) {
        if (!isConflict(error) || attempt === TRIES) throw error;
        [snapshot] = await read(store, [row]);
      }
    }
  }
  return filled;
}
