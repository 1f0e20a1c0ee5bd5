import type { DocumentReference, Firestore, Query, Timestamp } from '@google-cloud/firestore';
import { isConflict, streamQuery } from '../store/firestore.ts';

/** What stands where somebody's name, address or id stood. */
const ERASED = 'erased';
/** Firestore takes so many values in one `in`. */
const IN_VALUES = 30;

/** Who is to be forgotten. */
export interface Person {
  userId: string;
  /** Normalised e-mail addresses of theirs. */
  addresses: readonly string[];
  /** Addresses whose mail is forgotten too. */
  mailAddresses: readonly string[];
  /** Names under which a ticket may know them, to the letter. */
  names: readonly string[];
}

/** One document and what forgetting does to it; `whole` puts the fields in place of the document. */
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

/** A collection, or a group of collections, that can hold something of a person. */
export interface PersonalPlace {
  collection: string;
  /** What is there of a person, and what becomes of it and why; one sentence for people. */
  says: string;
  find(person: Person, context: EraseContext): AsyncIterable<Erasure>;
}

/** Deletes whatever a query finds; one query for every thirty values. */
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
 * Looks through all documents of a query and takes a person's id and addresses out of whatever text they stand in. There
 * is no index by what a text mentions, so each document is a read; a person is forgotten rarely.
 */
export async function* scrubbing(person: Person, query: Query, _: EraseContext): AsyncGenerator<Erasure> {
  const pattern = mentionOf(person);
  for await (const snapshot of streamQuery(query)) {
    const changed = Object.entries(snapshot.data()).flatMap(([name, value]) => {
      const [clean, found] = scrubbed(value, pattern);
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
 * A person's id or address as a word of its own: `ada` is not in `adamant`, nor in `ada@example.test`. Addresses in any
 * case; an id as it is, since `Ada` may be somebody else.
 */
export function mentionOf({ userId, addresses }: Pick<Person, 'userId' | 'addresses'>): RegExp {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const words = [...addresses.map((address) => `(?i:${literal(address)})`), literal(userId)];
  return new RegExp(`(?<![\\w@+.-])(?:${words.join('|')})(?![\\w@+-]|[.]\\w)`, 'g');
}

/** A value without what the pattern finds in it, and whether it found anything. */
function scrubbed(value: unknown, pattern: RegExp): [unknown, boolean] {
  if (typeof value === 'string') {
    const clean = value.replace(pattern, ERASED);
    return [clean, clean !== value];
  }
  if (Array.isArray(value)) {
    const parts = value.map((one) => scrubbed(one, pattern));
    return [parts.map(([clean]) => clean), parts.some(([, found]) => found)];
  }
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return [value, false];
  const parts = Object.entries(value).map(([name, one]) => [name, ...scrubbed(one, pattern)] as const);
  return [
    Object.fromEntries(parts.map(([name, clean]) => [name, clean])),
    parts.some(([, , found]) => found),
  ];
}

/** Whether a document mentions the person anywhere. */
export const mentions = (data: unknown, pattern: RegExp): boolean => scrubbed(data, pattern)[1];

/**
 * Carries erasures out, in one commit where nothing came between. One whose document has changed since it was looked at
 * is left for the next pass. Returns those that were done.
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
