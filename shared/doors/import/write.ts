import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { isConflict } from '../store/firestore.ts';
import type { Row } from './kind.ts';

/** Documents that others make or change at this very moment: more lost races than this are a fault. */
const TRIES = 8;

/** What became of rows: made, given fields they lacked, or left exactly as they were. */
export interface Written {
  created: number;
  filled: number;
  existing: number;
}

/**
 * Creates what is not there, in one commit; a document that is there keeps every field it has. So an import may be cut
 * off anywhere and run again: what it wrote before is found and left alone, as is what the running system has changed.
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
    if (attempt === TRIES) throw new Error('Others change the same documents all the time; run it again.');
  }
  return sum;
}

/** In a dry run: what would become of them. */
export async function foreseeRows(store: Firestore, rows: readonly Row[]): Promise<Written> {
  const found = await read(store, rows);
  const sum: Written = { created: 0, filled: 0, existing: 0 };
  for (const [index, row] of rows.entries()) {
    const snapshot = found[index];
    if (!snapshot?.exists) sum.created += 1;
    else if (Object.keys(lacking(row, snapshot)).length > 0) sum.filled += 1;
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

/** Fields that a document does not have at all; null is a value that somebody may have meant. */
function lacking({ fields, fills }: Row, snapshot: DocumentSnapshot): Record<string, unknown> {
  const there = snapshot.data() ?? {};
  const missing = Object.entries(fields).filter(
    ([name, value]) => value !== null && !Object.hasOwn(there, name),
  );
  return fills ? Object.fromEntries(missing) : {};
}

/** Fills up what lacks fields, each on the condition that it has not changed; returns how many. */
async function fill(
  store: Firestore,
  rows: readonly Row[],
  found: readonly DocumentSnapshot[],
): Promise<number> {
  let filled = 0;
  for (const [index, row] of rows.entries()) {
    let snapshot = found[index];
    for (let attempt = 1; snapshot?.exists; attempt += 1) {
      const fields = lacking(row, snapshot);
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
