import { FieldPath, type Query, type QueryDocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { isDocumentId } from './document-id.ts';
import { fromIso, toIso } from './version.ts';

/** A place in a list that is ordered by an instant and then by id: what lies after it stays the same when rows come. */
export interface Position {
  at: Timestamp;
  id: string;
}

/** Where a document stands in the order of an instant of its own. */
export function positionOf(snapshot: QueryDocumentSnapshot, field: string): Position {
  const at: unknown = snapshot.get(field);
  // Whatever is no instant sorts elsewhere, and no query by instants meets it on the way.
  return { at: at instanceof Timestamp ? at : new Timestamp(0, 0), id: snapshot.id };
}

/** A position as one text; `parsePosition` reads it. */
export const formatPosition = ({ at, id }: Position): string => `${toIso(at)} ${id}`;

/** Null for what `formatPosition` did not write. */
export function parsePosition(text: string): Position | null {
  const gap = text.indexOf(' ');
  const at = fromIso(text.slice(0, Math.max(0, gap)));
  const id = text.slice(gap + 1);
  return at && isDocumentId(id) ? { at, id } : null;
}

/** A query that is ordered by one instant, from a position on; equal instants are told apart by id. */
export function after(query: Query, direction: 'asc' | 'desc', position: Position | null): Query {
  const ordered = query.orderBy(FieldPath.documentId(), direction);
  return position ? ordered.startAfter(position.at, position.id) : ordered;
}
