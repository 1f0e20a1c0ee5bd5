import * as z from 'zod';
import { HttpError } from './errors.ts';

/** Longer values are cut; this is enough to recognise one. */
const MAX_QUOTED = 80;
/** More faults, or more unknown names, are counted only: a body of 64 KiB may have thousands. */
const MAX_NAMED = 20;
/** Responses never repeat the values of fields with such names: the caller may log them. */
const SECRETIVE = /auth|password|secret|token|key|sealed|webhook/i;

/** A parameter that breaks a rule. `value` is as given; absent if it is not shown. */
interface Fault {
  parameter: string;
  rule: string;
  value?: string;
}

/** Returns a value as a fault's details show it; undefined hides it. */
type ShowValue = (value: unknown) => string | undefined;

/** Parses a value by a schema. Throws 400 with every fault: the given value and the rule that it breaks. */
export function parseWith<T>(schema: z.ZodType<T>, given: unknown, showValue: ShowValue = showPlainValue): T {
  const parsed = schema.safeParse(given, { error: describeRule });
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const faults = issues.slice(0, MAX_NAMED).map((issue) => faultOf(issue, schema, given, showValue));
  const more = issues.length > faults.length ? [`and ${issues.length - faults.length} more`] : [];
  const describe = (fault: Fault) =>
    `${fault.parameter}: ${fault.rule}${fault.value ? ` (${fault.value})` : ''}`;
  throw new HttpError(400, [...faults.map(describe), ...more].join('; '), {
    details: faults,
    // The log does not need values that a person typed.
    check: [...faults.map(({ parameter, rule }) => `${parameter}: ${rule}`), ...more].join('; '),
  });
}

/** Returns the first of many names, each cut, and how many more there are. */
export function nameSome(names: readonly string[]): string[] {
  const named = names.slice(0, MAX_NAMED).map((name) => name.slice(0, MAX_QUOTED));
  return names.length > named.length ? [...named, `and ${names.length - named.length} more`] : named;
}

/** Hides an object, since its faults name its fields. */
const showPlainValue: ShowValue = (value) => {
  if (value === undefined) return 'missing';
  return typeof value === 'object' && value !== null ? undefined : `given: ${quoteValue(value)}`;
};

function faultOf(issue: z.core.$ZodIssue, schema: z.ZodType, given: unknown, showValue: ShowValue): Fault {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = path.length === 0 && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    const rule = known.length > 0 ? `is unknown here; known are ${known.join(', ')}` : 'is unknown here';
    return { parameter: [...path, nameSome(issue.keys).join(', ')].join('.'), rule };
  }
  const parameter = path.join('.') || '(body)';
  const fault = { parameter, rule: issue.message };
  if (SECRETIVE.test(parameter)) return fault;
  const value = showValue(path.reduce<unknown>((inner, name) => Object(inner)[name], given));
  return value === undefined ? fault : { ...fault, value };
}

/** Returns a value as JSON for its sender to recognise, cut if it is long. */
export function quoteValue(value: unknown): string {
  const text = toText(value) ?? 'missing';
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}

/** Returns a value as JSON. One nested too deeply for that is only named. */
function toText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return Array.isArray(value) ? 'a deeply nested list' : 'a deeply nested object';
  }
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

/** Returns the rule of a schema that has no message. The library's messages name neither rule nor remedy. */
const describeRule: z.core.$ZodErrorMap = (issue) => {
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
      return 'has a form that is not accepted here';
  }
};
