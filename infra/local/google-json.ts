import { z } from 'zod';

// Shared by the local Google REST services: errors, proto3 JSON and update masks.

/** An error in the shape of Google's REST APIs. */
export class GoogleApiError extends Error {
  readonly http: number;
  readonly status: string;
  constructor(http: number, status: string, message: string) {
    super(message);
    this.http = http;
    this.status = status;
  }
}

export const invalid = (message: string): GoogleApiError =>
  new GoogleApiError(400, 'INVALID_ARGUMENT', message);

/** A request for one resource or collection: its method with a custom verb, as in `POST pause`, query and JSON body. */
export interface RestCall {
  action: string;
  query: URLSearchParams;
  body: unknown;
}

/** Returns the fields that a PATCH may change, or null if it names none. */
export const updateMaskOf = (query: URLSearchParams): string | null =>
  query.get('updateMask') ?? query.get('update_mask');

/**
 * Answers one REST request with the result of `work`. Answers an error in the shape of Google's APIs if `work`
 * throws.
 */
export function restAnswer(work: () => unknown): { status: number; reply: unknown } {
  try {
    return { status: 200, reply: work() };
  } catch (thrown) {
    const malformed = thrown instanceof SyntaxError || thrown instanceof URIError;
    const error = malformed ? invalid('Invalid JSON payload received.') : thrown;
    const known =
      error instanceof GoogleApiError ? error : new GoogleApiError(500, 'INTERNAL', 'Internal error.');
    return {
      status: known.http,
      reply: { error: { code: known.http, message: known.message, status: known.status } },
    };
  }
}

/** A proto3 JSON duration ("540s"). */
export const duration = z
  .string()
  .regex(/^\d+(\.\d{1,9})?s$/, 'Illegal duration format; duration must end with "s"');

const METHODS = [
  'HTTP_METHOD_UNSPECIFIED',
  'POST',
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
] as const;

/** An HTTP method by name or by the number that Cloud Scheduler and Cloud Tasks give it. */
export const httpMethod = z.union([z.string(), z.int()]).transform((value, context) => {
  const known = METHODS.find((name, index) => value === name || value === index);
  if (!known) context.addIssue('Unknown HTTP method');
  return known === undefined || known === 'HTTP_METHOD_UNSPECIFIED' ? 'POST' : known;
});

export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Reads proto3 JSON: names in snake_case or camelCase, null as unset. Keys of a map stay unchanged. */
function camelKeys(value: unknown, key = ''): unknown {
  if (!isObject(value) || key === 'headers') return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([name, inner]) => [camel(name), camelKeys(inner, camel(name))]));
}

/** Returns the fields of a request body by camelCase names, without those that only the service sets. */
export function fieldsOf(body: unknown, outputOnly: readonly string[]): Json {
  const fields = camelKeys(body ?? {});
  if (!isObject(fields)) throw invalid('Invalid JSON payload received.');
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !outputOnly.includes(key)));
}

/**
 * Copies the fields that the mask names, in either case. Without a mask, copies every field of the patch except
 * `name`.
 */
export function copyMasked(
  into: Json,
  patch: Json,
  mask: string | null,
  maskable: ReadonlySet<string>,
): void {
  const fields = mask
    ? mask.split(',').map((field) => field.split('.').map(camel).join('.'))
    : Object.keys(patch).filter((key) => key !== 'name');
  for (const field of fields) {
    if (!maskable.has(field)) throw invalid(`Invalid update mask field: ${field}`);
    assign(into, field.split('.'), read(patch, field.split('.')));
  }
}

const read = (from: Json, path: string[]): unknown =>
  path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), from);

function assign(into: Json, path: string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length > 0) {
    const inner = into[key];
    if (!isObject(inner) && value === undefined) return;
    const next: Json = isObject(inner) ? inner : {};
    into[key] = next;
    assign(next, rest, value);
  } else if (value === undefined) delete into[key];
  else into[key] = value;
}

/** Returns one page of a list that is sorted by name. */
export function pageOf<T>(all: readonly T[], query: URLSearchParams, most: number) {
  const size = Math.min(Number(query.get('pageSize') || most), most);
  const from = Number(query.get('pageToken') || 0);
  if (!(size > 0) || !Number.isInteger(from)) throw invalid('Invalid page size or page token.');
  const more = from + size < all.length;
  return { items: all.slice(from, from + size), next: more ? { nextPageToken: String(from + size) } : {} };
}

/** google.rpc.Code by HTTP status. */
const CODES: Record<number, number> = {
  ...{ 400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 429: 8 },
  ...{ 499: 1, 501: 12, 503: 14, 504: 4 },
};

/** Returns the google.rpc.Code of a target's answer; 0 is success. */
export const codeOf = (response: { ok: boolean; status: number }): number =>
  response.ok ? 0 : (CODES[response.status] ?? (response.status >= 500 ? 13 : 2));

/** Returns the google.rpc.Code and the cause if a target gave no answer. */
export function codeOfFailure(error: unknown): { code: number; detail: string } {
  const late = (error as Error).name === 'TimeoutError';
  return { code: late ? 4 : 14, detail: late ? 'no answer before the deadline' : (error as Error).message };
}
