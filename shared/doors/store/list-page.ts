import { FieldPath, type Query, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { after, type Position, positionOf } from './position.ts';

/** A page ends at its limit or at this many characters of its documents as JSON: documents may hold 1 MiB each. */
const MAX_LENGTH = 4_000_000;
/** Documents read at a time, so that a page of large ones does not fill the memory first. */
const CHUNK = 100;

/** One page of a list. `next` is the position of its last document if more follow, else null. */
export interface ListPage<P> {
  docs: QueryDocumentSnapshot[];
  next: P | null;
}

/**
 * Reads one page of an ordered query that begins after the page before. Reads one document more for each hundred, to see if
 * any follow. `isSmall`: its documents have few small fields, and are read at once.
 */
export async function listPage<P>(
  query: Query,
  limit: number,
  toPosition: (last: QueryDocumentSnapshot) => P,
  isSmall = false,
): Promise<ListPage<P>> {
  const docs: QueryDocumentSnapshot[] = [];
  let length = 0;
  for (let last: QueryDocumentSnapshot | undefined; ; last = docs.at(-1)) {
    const some = isSmall ? limit : Math.min(CHUNK, limit - docs.length);
    const found = await (last ? query.startAfter(last) : query).limit(some + 1).get();
    for (const [index, doc] of found.docs.slice(0, some).entries()) {
      docs.push(doc);
      if (!isSmall) length += JSON.stringify(doc.data()).length;
      const isLast = index === found.docs.length - 1;
      if (isLast || docs.length === limit || length >= MAX_LENGTH)
        return { docs, next: isLast ? null : toPosition(doc) };
    }
    if (found.docs.length === 0) return { docs, next: null };
  }
}

/** Reads one page in the order of the documents' ids, after an id. */
export function listPageById(
  query: Query,
  limit: number,
  afterId: string | null,
  isSmall = false,
): Promise<ListPage<string>> {
  const ordered = query.orderBy(FieldPath.documentId());
  return listPage(afterId === null ? ordered : ordered.startAfter(afterId), limit, ({ id }) => id, isSmall);
}

/** The instant that a query is ordered by. */
export interface InstantOrder {
  field: string;
  direction: 'asc' | 'desc';
}

/** Reads one page of a query that is ordered by an instant, after a position. */
export function listPageByInstant(
  query: Query,
  { field, direction }: InstantOrder,
  limit: number,
  position: Position | null,
): Promise<ListPage<Position>> {
  return listPage(after(query, direction, position), limit, (last) => positionOf(last, field));
}
