import { isDocumentId } from '../store/document-id.ts';
import { withoutEndSlashes } from './request.ts';

/** The values of a pattern's variables. */
export type PathValues = Readonly<Record<string, string>>;

/** A compiled pattern. */
export interface PathMatcher {
  /** Orders patterns, lower first: `/runs/latest` comes before `/runs/{id}`. */
  rank: number;
  /** Returns null if the parts of a path do not fit. */
  match(parts: readonly string[]): PathValues | null;
}

/** Above the number of variables that any pattern has. */
const REST_RANK = 100;

/**
 * Compiles a pattern such as `/v1/admin/tickets/{id}`:
 * - `{id}` is one part that is a valid document id;
 * - `{name=*}` is one part as it was sent;
 * - `{name=**}` at the end is the rest as it was sent, at least one part.
 */
export function createMatcher(pattern: string): PathMatcher {
  const parts = partsOf(pattern).map((text) => {
    const [, name, kind] = /^\{(\w+)(?:=(\*\*?))?\}$/.exec(text) ?? [];
    return { text, name, kind };
  });
  const takesRest = parts.at(-1)?.kind === '**';
  return {
    rank: (takesRest ? REST_RANK : 0) + parts.filter(({ name }) => name !== undefined).length,
    match(given) {
      if (takesRest ? given.length < parts.length : given.length !== parts.length) return null;
      const values: Record<string, string> = {};
      for (const [index, { text, name, kind }] of parts.entries()) {
        const part = kind === '**' ? given.slice(index).join('/') : (given[index] ?? '');
        if (name === undefined) {
          if (part !== text) return null;
          continue;
        }
        const value = kind === undefined ? toDocumentId(part) : part;
        if (value === null || value === '') return null;
        values[name] = value;
      }
      return values;
    },
  };
}

/** Splits a path at its slashes. */
export const partsOf = (path: string): string[] => withoutEndSlashes(path).split('/');

/** Decodes a part of a path. Returns null if it is no valid document id: a slash would lead into another collection. */
function toDocumentId(part: string): string | null {
  try {
    const id = decodeURIComponent(part);
    return isDocumentId(id) ? id : null;
  } catch {
    return null;
  }
}
