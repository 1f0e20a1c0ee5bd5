import type { CollectionReference, DocumentSnapshot } from '@google-cloud/firestore';
import type { Found } from './views.ts';

/** At most this many things of one kind are answered. */
const MAX_FOUND = 20;
/** Sorts after every character that a text begins with. */
const LAST = '\uf8ff';

type Search = Promise<DocumentSnapshot[]>;

/** Searches a document by its id. An id that Firestore does not allow finds nothing. */
export async function byId(collection: CollectionReference, id: string): Search {
  if (id.includes('/') || /^\.{1,2}$|^__.*__$/.test(id)) return [];
  const found = await collection.doc(id).get();
  return found.exists ? [found] : [];
}

/** Searches documents whose field begins with a text: as it is typed, in small letters, and with a capital. */
export function beginsWith(collection: CollectionReference, field: string, typed: string): Search[] {
  const small = typed.toLowerCase();
  const spellings = new Set([
    typed,
    small,
    small.replace(/(^|[\s-])\p{L}/gu, (letter) => letter.toUpperCase()),
    typed.toUpperCase(),
  ]);
  return [...spellings].map(async (text) => {
    const query = collection.where(field, '>=', text).where(field, '<=', text + LAST);
    return (
      await query
        .orderBy(field)
        .limit(MAX_FOUND + 1)
        .get()
    ).docs;
  });
}

/** Returns what several searches have found, each thing once. */
export async function collect(
  searches: readonly Search[],
  toFound: (document: DocumentSnapshot) => Found,
): Promise<{ items: Found[]; more: boolean }> {
  const documents = (await Promise.all(searches)).flat();
  const found = new Map(documents.map(toFound).map((one) => [one.id, one]));
  return { items: [...found.values()].slice(0, MAX_FOUND), more: found.size > MAX_FOUND };
}
