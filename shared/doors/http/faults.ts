import * as z from 'zod';
import { HttpError } from './errors.ts';

/** Longer values are cut: enough to recognise one's own. */
const MAX_SHOWN = 80;
/** Values of fields with such names are never sent back: the answer may lie in the caller's log. */
const SECRETIVE = /auth|password|secret|token|key|sealed|webhook/i;

/** One parameter that breaks a rule. `value` is as it was given; absent if there is none to show. */
interface Fault {
  parameter: string;
  rule: string;
  value?: string;
}

/** A value as a fault's details show it; undefined shows none. */
type ShowValue = (value: unknown) => string | undefined;

/** A value by a schema; 400 names every fault with the value that was given and the rule that it breaks. */
export function parseWith<T>(schema: z.ZodType<T>, given: unknown, showValue: ShowValue = showPlainValue): T {
  const parsed = schema.safeParse(given, { error: inOurWords });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => faultOf(issue, schema, given, showValue));
  const describe = (fault: Fault) =>
    `${fault.parameter}: ${fault.rule}${fault.value ? ` (${fault.value})` : ''}`;
  throw new HttpError(400, faults.map(describe).join('; '), {
    details: faults,
    // The log has no need of values that a person typed.
    check: faults.map(({ parameter, rule }) => `${parameter}: ${rule}`).join('; '),
  });
}

/** An object is not shown: its faults name the fields in it. */
const showPlainValue: ShowValue = (value) => {
  if (value === undefined) return 'missing';
  return typeof value === 'object' && value !== null ? undefined : `given: ${shown(value)}`;
};

function faultOf(issue: z.core.$ZodIssue, schema: z.ZodType, given: unknown, showValue: ShowValue): Fault {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = path.length === 0 && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    const rule = known.length > 0 ? `is unknown here; known are ${known.join(', ')}` : 'is unknown here';
    return { parameter: [...path, issue.keys.join(', ')].join('.'), rule };
  }
  const parameter = path.join('.') || '(body)';
  const fault = { parameter, rule: issue.message };
  if (SECRETIVE.test(parameter)) return fault;
  const value = showValue(path.reduce<unknown>((inner, name) => Object(inner)[name], given));
  return value === undefined ? fault : { ...fault, value };
}

/** A value as its sender would recognise it, in JSON, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};
const FORMS: Readonly<Record<string, string>> = {
  uuid: 'a UUID',
  guid: 'a UUID',
  email: 'an e-mail address',
  url: 'a web address',
  datetime: 'an instant, such as 2026-03-31T09:00:00Z',
  date: 'a day, such as 2026-03-31',
};
const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' items', set: ' items' };

/** The rule that a schema states without words of its own; the library's own words name neither rule nor remedy. */
const inOurWords: z.core.$ZodErrorMap = (issue) => {
  const bound = (word: string, limit: number | bigint) => {
    const unit = UNITS[issue.code === 'too_small' || issue.code === 'too_big' ? issue.origin : ''];
    return unit ? `must have ${word} ${limit}${unit}` : `must be ${word} ${limit}`;
  };
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`;
    case 'invalid_format':
      return `must be ${FORMS[issue.format] ?? 'of another form'}`;
    case 'too_small':
      return bound(issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return bound(issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    default:
      return 'is of no form that is taken here';
  }
};
