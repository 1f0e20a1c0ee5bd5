import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { HttpError } from '../../../../shared/doors/http/errors.ts';
import { parseWith } from '../../../../shared/doors/http/faults.ts';

function refusal(schema: z.ZodType, given: unknown): HttpError {
  try {
    parseWith(schema, given);
  } catch (error) {
    return error as HttpError;
  }
  throw new Error(`${JSON.stringify(given)} was taken`);
}

describe('what is wrong with a request', () => {
  it.each([
    [z.string(), undefined, 'name: must be a text (missing)'],
    [z.string(), 7, 'name: must be a text (given: 7)'],
    [z.string().min(3), 'ab', 'name: must have at least 3 characters (given: "ab")'],
    [z.string().max(2), 'abc', 'name: must have at most 2 characters (given: "abc")'],
    [z.array(z.string()).max(1), ['a', 'b'], 'name: must have at most 1 items'],
    [z.number(), 'x', 'name: must be a number (given: "x")'],
    [z.number().min(0), -1, 'name: must be at least 0 (given: -1)'],
    [z.number().lt(5), 5, 'name: must be less than 5 (given: 5)'],
    [z.int(), 1.5, 'name: must be a whole number (given: 1.5)'],
    [z.boolean(), 'yes', 'name: must be true or false (given: "yes")'],
    [z.enum(['fr', 'en']), 'de', 'name: must be fr or en (given: "de")'],
    [z.guid(), 'x', 'name: must be a UUID (given: "x")'],
    [z.email(), 'x', 'name: must be an e-mail address (given: "x")'],
    [z.record(z.string(), z.number()), null, 'name: must be an object (given: null)'],
    [z.union([z.string(), z.number()]), true, 'name: has a form that is not accepted here (given: true)'],
    [z.string('must be the name of a stage'), 7, 'name: must be the name of a stage (given: 7)'],
  ])('names the value and the rule in words of our own: %#', (schema, value, message) => {
    expect(refusal(z.strictObject({ name: schema }), { name: value }).message).toBe(message);
  });

  it('names an unknown field without its value, and the known fields', () => {
    const { message } = refusal(z.strictObject({ limit: z.string().optional() }), { color: 'made-up' });
    expect(message).toBe('color: is unknown here; known are limit');
  });

  it('never repeats the value of a secret field, and keeps every value out of the log', () => {
    const schema = z.strictObject({
      auth: z.strictObject({ password: z.string().max(3) }),
      webhook_url: z.url(),
      label: z.string().max(3),
    });
    const given = { auth: { password: 'made-up-1' }, webhook_url: 'made-up-2', label: 'made-up-3' };
    const error = refusal(schema, given);
    expect(JSON.stringify([error.message, error.details])).not.toMatch(/made-up-[12]/);
    expect(error.message).toContain('label: must have at most 3 characters (given: "made-up-3")');
    expect(error.check).not.toContain('made-up');
  });

  it('cuts a long value', () => {
    const { message } = refusal(z.strictObject({ name: z.string().max(3) }), { name: 'x'.repeat(5_000) });
    expect(message.length).toBeLessThan(200);
  });
});
