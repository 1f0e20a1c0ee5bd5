import { pageParam, toPage } from '../../../shared/doors/http/query.ts';
import { formatPosition, type Position, parsePosition } from '../../../shared/doors/store/position.ts';

/** A page of a list, as the API answers it. */
export interface Page<T> {
  items: T[];
  /** The token of the next page; null on the last. */
  next_page: string | null;
}

/** `page` of a list that is ordered by an instant. Null for the first page. */
export const positionParam = pageParam.transform((text, context): Position | null => {
  if (text === null) return null;
  const position = parsePosition(text);
  if (position) return position;
  context.addIssue({ code: 'custom', message: 'must be a next_page that this list gave' });
  return null;
});

/** Returns the token of the next page; null on the last. */
export const nextPage = (next: Position | null) => toPage(next ? formatPosition(next) : null);
