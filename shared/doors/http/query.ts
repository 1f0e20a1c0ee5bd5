import * as z from 'zod';
import { HttpError } from './errors.ts';
import { parseWith, shown } from './faults.ts';
import { type HttpRequest, jsonBody, location } from './request.ts';

/** A list shows DEFAULT_LIMIT items unless the caller asks for others, and MAX_LIMIT unless its route allows more. */
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** `limit`: how many items of a list, 1 to `max`. */
export function limitParam(max: number = MAX_LIMIT) {
  const rule = `must be a whole number from 1 to ${max}`;
  return z
    .string()
    .regex(/^\d{1,6}$/, rule)
    .transform(Number)
    .pipe(z.number().min(1, rule).max(max, rule))
    .default(DEFAULT_LIMIT);
}

/** `page`: the token that the list before gave as next_page; null for the first page. */
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

/** A position in a list as the token of the next page; null stays null. */
export function toPage(position: string | null): string | null {
  return position === null ? null : Buffer.from(position, 'utf8').toString('base64url');
}

/** The query string by a schema: 400 for what is repeated, unknown or malformed. Unknown ones are named without values. */
export function parseQuery<T>(schema: z.ZodType<T>, request: HttpRequest): T {
  return parseWith(schema, { ...readQuery(request) });
}

/** The JSON body by a schema: 400 with every fault, by the name of its field. */
export async function parseJson<T>(schema: z.ZodType<T>, request: HttpRequest): Promise<T> {
  return parseWith(schema, await jsonBody(request));
}

/**
 * A request's parameters, from the query string or the JSON body, never both for one name. 400 names a malformed one
 * with its value and what is legal, and unknown ones without their values: they may be secrets that lost their way.
 */
export async function parseParams(
  schema: z.ZodObject,
  request: HttpRequest,
): Promise<Record<string, unknown>> {
  const given = withoutPrototype(await jsonBody(request));
  // In the query string `secret` is a caller's proof, and no parameter.
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
    const message = `Unknown parameter ${unknown.join(', ')}; known are ${known.join(', ')}.`;
    throw new HttpError(400, message, { details: { unknown, known } });
  }
  return parseWith(schema, given, shown);
}

/** The query string by name, but for one; 400 for what is repeated. */
function readQuery(request: HttpRequest, omitted?: string): Record<string, unknown> {
  const { query } = location(request);
  if (omitted !== undefined) query.delete(omitted);
  const given = withoutPrototype({});
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name);
    if (values.length > 1)
      throw new HttpError(400, `The parameter ${name} is given ${values.length} times; give it once.`);
    given[name] = values[0];
  }
  return given;
}

/** Without a prototype a parameter named __proto__ is one like any other. */
const withoutPrototype = (fields: object): Record<string, unknown> =>
  Object.assign(Object.create(null), fields);
