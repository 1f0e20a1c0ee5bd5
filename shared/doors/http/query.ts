import * as z from 'zod';
import { HttpError } from './errors.ts';
import { nameSome, parseWith, quoteValue } from './faults.ts';
import { type HttpRequest, jsonBody, location } from './request.ts';

/** A list has DEFAULT_LIMIT items unless the caller sets a limit, and at most MAX_LIMIT unless its route allows more. */
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** `limit`: the number of items of a list, 1 to `max`. */
export function limitParam(max: number = MAX_LIMIT) {
  const rule = `must be a whole number from 1 to ${max}`;
  return z
    .string()
    .regex(/^\d{1,6}$/, rule)
    .transform(Number)
    .pipe(z.number().min(1, rule).max(max, rule))
    .default(DEFAULT_LIMIT);
}

/** `page`: the next_page of the page before; null for the first page. */
export const pageParam = z
  .string()
  .transform((token, context) => {
    const position = Buffer.from(token, 'base64url').toString('utf8');
    if (position !== '' && toPage(position) === token) return position;
    context.addIssue({ code: 'custom', message: 'must be a next_page that this list gave' });
    return z.NEVER;
  })
  .optional()
  .transform((position) => position ?? null);

/** Returns a position in a list as the token of the next page; null stays null. */
export function toPage(position: string | null): string | null {
  return position === null ? null : Buffer.from(position, 'utf8').toString('base64url');
}

/** Parses the query string. Throws 400 for repeated, unknown or malformed parameters; unknown ones without values. */
export function parseQuery<T>(schema: z.ZodType<T>, request: HttpRequest): T {
  return parseWith(schema, { ...readQuery(request) });
}

/** Parses the JSON body. Throws 400 with every fault, by the name of its field. */
export async function parseJson<T>(schema: z.ZodType<T>, request: HttpRequest): Promise<T> {
  return parseWith(schema, await jsonBody(request));
}

/**
 * Parses the parameters of a request, from the query string or the JSON body, never both for one name. Throws 400 with
 * each malformed value and what is legal; an unknown parameter is named without its value, which may be a secret.
 */
export async function parseParams(
  schema: z.ZodObject,
  request: HttpRequest,
): Promise<Record<string, unknown>> {
  const given = withoutPrototype(await jsonBody(request));
  // `secret` in the query string is a caller's proof, not a parameter.
  for (const [name, value] of Object.entries(readQuery(request, 'secret'))) {
    if (Object.hasOwn(given, name))
      throw new HttpError(
        400,
        `The parameter ${name} is in both the query string and the body; give it once.`,
      );
    given[name] = value;
  }
  const known = Object.keys(schema.shape);
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const named = nameSome(unknown);
    const message = `Unknown parameter ${named.join(', ')}; known are ${known.join(', ')}.`;
    throw new HttpError(400, message, { details: { unknown: named, known } });
  }
  return parseWith(schema, given, quoteValue);
}

/** Reads the query string by name, without `omitted`. Throws 400 for a repeated name. */
function readQuery(request: HttpRequest, omitted?: string): Record<string, unknown> {
  const { query } = location(request);
  if (omitted !== undefined) query.delete(omitted);
  const given = withoutPrototype({});
  for (const [name, value] of query) {
    if (Object.hasOwn(given, name))
      throw new HttpError(
        400,
        `The parameter ${name} is given ${query.getAll(name).length} times; give it once.`,
      );
    given[name] = value;
  }
  return given;
}

/** Without a prototype a parameter named __proto__ is like any other. */
const withoutPrototype = (fields: object): Record<string, unknown> =>
  Object.assign(Object.create(null), fields);
