import { type EraseContext, mentionOf, mentions, type Person } from '../../../shared/doors/erase/erase.ts';
import { streamQuery } from '../../../shared/doors/store/firestore.ts';
import { othersPlaces } from './places.ts';

/** The report names this many documents of a collection. */
const MAX_EXAMPLES = 5;

/** Documents of others in one collection that name a person. */
export interface LeftBehind {
  collection: string;
  count: number;
  /** The paths of the first ones. */
  examples: string[];
  says: string;
}

/**
 * Finds documents of others that name the person by id, address or given name. No index finds mentions in texts, so it reads
 * every document of these collections. It leaves out `gone`, the documents that erasing deletes or empties.
 */
export async function findOthers(
  { store }: EraseContext,
  { userId, addresses, mailAddresses, names }: Person,
  gone: ReadonlySet<string>,
): Promise<LeftBehind[]> {
  const pattern = mentionOf({ userId, addresses: [...addresses, ...mailAddresses, ...names] });
  const left: LeftBehind[] = [];
  for (const [collection, { fields, says }] of Object.entries(othersPlaces)) {
    const found: LeftBehind = { collection, count: 0, examples: [], says };
    for await (const { ref, data } of namedFields(store, collection, fields)) {
      if (gone.has(ref.path) || !mentions(data, pattern)) continue;
      found.count += 1;
      if (found.examples.length < MAX_EXAMPLES) found.examples.push(ref.path);
    }
    if (found.count > 0) left.push(found);
  }
  return left;
}

async function* namedFields(store: EraseContext['store'], collection: string, fields: readonly string[]) {
  for await (const snapshot of streamQuery(store.collection(collection).select(...fields)))
    yield { ref: snapshot.ref, data: snapshot.data() };
}
