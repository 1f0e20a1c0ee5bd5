import type {
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  Query,
  Timestamp,
} from '@google-cloud/firestore';
import { isConflict, streamQuery } from '../store/firestore.ts';

/** Replaces a person's name, address or id. */
const ERASED = 'erased';
/** The most values of one `in` in Firestore. */
const IN_VALUES = 30;

/** The person to forget. */
export interface Person {
  userId: string;
  /** The person's normalised e-mail addresses. */
  addresses: readonly string[];
  /** The addresses whose mail is deleted too. */
  mailAddresses: readonly string[];
  /** The person's exact names in tickets. */
  names: readonly string[];
}

/** The change of one document. `whole`: the fields replace the document. */
export type Erasure =
  | { do: 'delete'; ref: DocumentReference }
  | {
      do: 'anonymise';
      ref: DocumentReference;
      fields: Record<string, unknown>;
      seen: Timestamp;
      whole?: true;
    };

export interface EraseContext {
  store: Firestore;
}

/** How long a collection is kept: by a choice in `settings/retention`, or by a fixed rule in words. */
export type RetentionRule =
  | {
      /** The field from which the age of a document counts. */
      field: string;
      /** The usual time, in months, and its source. */
      usual: number;
      source: string;
      /** Returns false for a document that must stay, however old it is. */
      isOver: (snapshot: DocumentSnapshot) => boolean;
      /** Subcollections that are deleted with the document. */
      below?: readonly string[];
    }
  | { kept: string };

/** A collection, or a group of collections, with personal data. */
export interface PersonalPlace {
  collection: string;
  /** One sentence for people: the personal data here, what erasing does to it, and why. */
  says: string;
  /** How long its documents are kept. */
  retention: RetentionRule;
  find(person: Person, context: EraseContext): AsyncIterable<Erasure>;
}

/** Deletes the documents that a query finds, thirty values a query. */
export async function* deleting(
  values: readonly string[],
  query: (some: string[]) => Query,
  _: EraseContext,
): AsyncGenerator<Erasure> {
  for (let from = 0; from < values.length; from += IN_VALUES)
    for await (const { ref } of streamQuery(query(values.slice(from, from + IN_VALUES)).select()))
      yield { do: 'delete', ref };
}

/**
 * Removes a person's id and addresses from all texts of a query's documents. No index finds mentions in texts, so it reads
 * every document; erasing is rare.
 */
export async function* scrubbing(person: Person, query: Query, _: EraseContext): AsyncGenerator<Erasure> {
  const pattern = mentionOf(person);
  for await (const snapshot of streamQuery(query)) {
    const changed = Object.entries(snapshot.data()).flatMap(([name, value]) => {
      const [clean, found] = scrubValue(value, pattern);
      return found ? [[name, clean] as const] : [];
    });
    if (changed.length > 0)
      yield {
        do: 'anonymise',
        ref: snapshot.ref,
        fields: Object.fromEntries(changed),
        seen: snapshot.updateTime,
      };
  }
}

/**
 * Returns a pattern of a person's id and addresses as whole words: `ada` matches neither `adamant` nor `ada@example.test`.
 * Addresses match in any case, the id only in its own: `Ada` may be another person.
 */
export function mentionOf({ userId, addresses }: Pick<Person, 'userId' | 'addresses'>): RegExp {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const words = [...addresses.map((address) => `(?i:${literal(address)})`), literal(userId)];
  return new RegExp(`(?<![\\w@+.-])(?:${words.join('|')})(?![\\w@+-]|[.]\\w)`, 'g');
}

/** Returns a value without the pattern's matches, and true if there were any. */
function scrubValue(value: unknown, pattern: RegExp): [unknown, boolean] {
  if (typeof value === 'string') {
    const clean = value.replace(pattern, ERASED);
    return [clean, clean !== value];
  }
  if (Array.isArray(value)) {
    const parts = value.map((one) => scrubValue(one, pattern));
    return [parts.map(([clean]) => clean), parts.some(([, found]) => found)];
  }
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return [value, false];
  const parts = Object.entries(value).map(([name, one]) => [name, ...scrubValue(one, pattern)] as const);
  return [
    Object.fromEntries(parts.map(([name, clean]) => [name, clean])),
    parts.some(([, , found]) => found),
  ];
}

/** Returns true if a document mentions the person anywhere. */
export const mentions = (data: unknown, pattern: RegExp): boolean => scrubValue(data, pattern)[1];

/**
 * Applies erasures, in one commit if no document has changed since it was read. A changed document is left for the next
 * pass. Returns the erasures that were applied.
 */
export async function erase(
  { store }: EraseContext,
  erasures: readonly Erasure[],
): Promise<readonly Erasure[]> {
  if (erasures.length === 0) return [];
  const batch = store.batch();
  for (const erasure of erasures) {
    if (erasure.do === 'delete') batch.delete(erasure.ref);
    else if (erasure.whole) batch.set(erasure.ref, erasure.fields);
    else batch.update(erasure.ref, erasure.fields, { lastUpdateTime: erasure.seen });
  }
  try {
    await batch.commit();
  } catch (error) {
    if (!isConflict(error)) throw error;
    if (erasures.length === 1) return [];
    const middle = Math.ceil(erasures.length / 2);
    const first = await erase({ store }, erasures.slice(0, middle));
    return [...first, ...(await erase({ store }, erasures.slice(middle)))];
  }
  return erasures;
}
