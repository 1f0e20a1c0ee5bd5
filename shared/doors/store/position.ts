import { FieldPath, type Query, type QueryDocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { isDocumentId } from './document-id.ts';
import { fromIso, toIso } from './version.ts';

/** A place in a list that is ordered by an instant, then by id. New rows do not move what lies after it. */
export interface Position {
  at: Timestamp;
  id: string;
}

/** Returns a document's position in the order of its instant `field`. */
export function positionOf(snapshot: QueryDocumentSnapshot, field: string): Position {
  const at: unknown = snapshot.get(field);
  // A value that is no instant sorts elsewhere: no query by instants meets it.
  return { at: at instanceof Timestamp ? at : new Timestamp(0, 0), id: snapshot.id };
}

/** Returns a position as text; `parsePosition` reads it. */
export const formatPosition = ({ at, id }: Position): string => `${toIso(at)} ${id}`;

/** Returns null for a text that `formatPosition` did not write. */
export function parsePosition(text: string): Position | null {
  const gap = text.indexOf(' ');
  const at = fromIso(text.slice(0, Math.max(0, gap)));
  const id = text.slice(gap + 1);
  return at && isDocumentId(id) ? { at, id } : null;
}

/** Continues a query, ordered by one instant, after a position. The id orders equal instants. */
export function after(query: Query, direction: 'asc' | 'desc', position: Position | null): Query {
  const ordered = query.orderBy(FieldPath.documentId(), direction);
  return position ? ordered.startAfter(position.at, position.id) : ordered;
}
