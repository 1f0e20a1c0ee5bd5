import * as z from 'zod';
import { HttpError } from './errors.ts';
import { parseWith } from './faults.ts';
import { type HttpRequest, jsonBody, location } from './request.ts';

/** A list shows so many items unless it is asked for others, and at most so many unless its route allows more. */
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
  const { query } = location(request);
  const given: Record<string, string> = Object.create(null);
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name);
    if (values.length > 1)
      throw new HttpError(400, `The parameter ${name} is given ${values.length} times; give it once.`);
    given[name] = values[0] ?? '';
  }
  return parseWith(schema, { ...given });
}

/** The JSON body by a schema: 400 with every fault, by the name of its field. */
export async function parseJson<T>(schema: z.ZodType<T>, request: HttpRequest): Promise<T> {
  return parseWith(schema, await jsonBody(request));
}
