import { FieldPath, type Query, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { after, type Position, positionOf } from './position.ts';

/** One page of a list. `next` is the position of its last document if more follow, else null. */
export interface ListPage<P> {
  docs: QueryDocumentSnapshot[];
  next: P | null;
}

/** Reads one page of an ordered query that begins after the page before. Reads one document more, to see if any follow. */
export async function listPage<P>(
  query: Query,
  limit: number,
  toPosition: (last: QueryDocumentSnapshot) => P,
): Promise<ListPage<P>> {
  const found = await query.limit(limit + 1).get();
  const docs = found.docs.slice(0, limit);
  const last = found.docs.length > limit ? docs.at(-1) : undefined;
  return { docs, next: last ? toPosition(last) : null };
}

/** Reads one page in the order of the documents' ids, after an id. */
export function listPageById(query: Query, limit: number, afterId: string | null): Promise<ListPage<string>> {
  const ordered = query.orderBy(FieldPath.documentId());
  return listPage(afterId === null ? ordered : ordered.startAfter(afterId), limit, ({ id }) => id);
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
