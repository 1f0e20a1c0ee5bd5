import { type Document, isAlias, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { checkFunctions, checkJobs } from './checks.ts';
import type { FoundFunction, FoundJob, KnownTask, ScheduledJob } from './found.ts';
import { type Path, Problems, ScheduleError, suggest } from './problems.ts';
import { type Defaults, defaultsSchema, functionSchema, jobSchema, legalKeys } from './schema.ts';

export type { KnownTask, ScheduledJob };

/** One function; `timeout` is in seconds. */
export type ScheduledFunction = FoundFunction;

/** The whole, checked schedule. */
export interface ScheduleFile {
  file: string;
  defaults: Defaults;
  functions: ScheduledFunction[];
  jobs: ScheduledJob[];
}

/** The facts to check a schedule against. */
export interface ScheduleContext {
  /** The name of the file, for messages. */
  file: string;
  /** The tasks of the code, by name. */
  tasks: Readonly<Record<string, KnownTask>>;
  /** The names of all functions. */
  functions: readonly string[];
  /** If given, replaces each ${NAME} by its value; a name without a value is a problem. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** The YAML library takes quadratic time for some faults, so the file has a bound that a thousand jobs fit. */
const MAX_SOURCE = 512 * 1024;
/** A fault names at most this much of a word. */
const MAX_WORD = 80;
/** Ten times as many as a file with an alias in each job needs. */
const MAX_ALIASES = 1000;
const NO_ANCHOR = 'has no anchor before it; put values that begin with * in quotes';
const IN_ITSELF = 'repeats the value that it is a part of; legal: an anchor that ends before it';

/** Reads and checks a schedule. Throws ScheduleError with every problem in it. */
export function parseSchedule(source: string, context: ScheduleContext): ScheduleFile {
  if (source.length > MAX_SOURCE)
    throw new Error(`${context.file} has ${source.length} characters; at most ${MAX_SOURCE} are read.`);
  const lines = new LineCounter();
  const doc = parseDocument(source, { lineCounter: lines, merge: true });
  const problems = new Problems(context.file, doc, lines);
  for (const fault of [...doc.errors, ...doc.warnings]) {
    const word = /^[^\s:]+/.exec(source.slice(fault.pos[0], fault.pos[0] + MAX_WORD))?.[0];
    problems.addAt(fault.linePos?.[0].line ?? 1, [], word, syntaxRule(fault.code, fault.message));
  }
  visit(doc, (_key, node, parents) => {
    if (!isAlias(node)) return;
    const target = node.resolve(doc);
    const fault = target ? parents.some((parent) => parent === target) && IN_ITSELF : NO_ANCHOR;
    if (fault) problems.addAt(lines.linePos(node.range?.[0] ?? 0).line, [], `*${node.source}`, fault);
  });
  if (problems.found.length > 0) throw new ScheduleError(problems.found);
  const file = readParts(toPlain(doc, problems), context, problems);
  if (problems.found.length > 0 || !file) throw new ScheduleError(problems.found);
  return file;
}

/** Returns the values of the document. Throws ScheduleError if its aliases multiply. */
function toPlain(doc: Document, problems: Problems): unknown {
  try {
    return doc.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    problems.addAt(1, [], undefined, `its aliases multiply; legal: at most ${MAX_ALIASES} repeated values`);
    throw new ScheduleError(problems.found);
  }
}

function syntaxRule(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'is stated twice; legal: once';
  const first = (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
  const hint = /ALIAS|UNEXPECTED_TOKEN|MULTILINE/.test(code) ? ' (values that begin with * need quotes)' : '';
  return `is not YAML: ${first}${hint}`;
}

function readParts(raw: unknown, context: ScheduleContext, problems: Problems): ScheduleFile | null {
  if (!isRecord(raw)) {
    problems.add([], raw, 'legal: a map with defaults, functions and jobs');
    return null;
  }
  for (const key of Object.keys(raw)) {
    if (!legalKeys([], null).includes(key)) addUnknownKey(problems, [key]);
  }
  const filled = fillVariables(raw, [], context.env, problems);
  const { defaults: rawDefaults, functions: rawFunctions, jobs: rawJobs } = filled as Record<string, unknown>;
  const defaults = readPart(defaultsSchema, rawDefaults, ['defaults'], problems);
  const functions: FoundFunction[] = [];
  if (!isRecord(rawFunctions))
    problems.add(
      ['functions'],
      rawFunctions,
      describeMissing(rawFunctions, 'legal: a map of name to function'),
    );
  for (const [name, value] of Object.entries(isRecord(rawFunctions) ? rawFunctions : {})) {
    const entry = readPart(functionSchema, value, ['functions', name], problems);
    if (entry) functions.push({ ...entry, name });
  }
  if (!Array.isArray(rawJobs))
    problems.add(['jobs'], rawJobs, describeMissing(rawJobs, 'legal: a list of jobs'));
  const jobs: FoundJob[] = (Array.isArray(rawJobs) ? rawJobs : []).map((value: unknown, index) => ({
    index,
    name: isRecord(value) && typeof value.function === 'string' ? value.function : undefined,
    entry: readPart(jobSchema, value, ['jobs', index], problems),
  }));
  const named = isRecord(rawFunctions) ? Object.keys(rawFunctions) : [];
  checkFunctions({ functions, named, jobs, context, problems });
  const complete = checkJobs({ functions, named, jobs, context, problems });
  return defaults ? { file: context.file, defaults, functions, jobs: complete } : null;
}

/** Parses one part by its schema, and adds each issue as a problem. Returns null if there is one. */
function readPart<S extends z.ZodType>(
  schema: S,
  value: unknown,
  path: Path,
  problems: Problems,
): z.output<S> | null {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const at = [...path, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) addUnknownKey(problems, [...at, key]);
    } else if (issue.code === 'invalid_key') {
      problems.add(at, at.at(-1), issue.issues[0]?.message ?? issue.message);
    } else {
      const found = valueAt(value, issue.path);
      problems.add(at, found, describeMissing(found, issue.message));
    }
  }
  return null;
}

function addUnknownKey(problems: Problems, path: Path): void {
  const [key, parent] = [String(path.at(-1)), path.slice(0, -1)];
  const legal = legalKeys(parent, problems.written([...parent, 'type']));
  problems.add(path, undefined, `is not a key here; legal: ${legal.join(', ')}${suggest(key, legal)}`);
}

const describeMissing = (found: unknown, rule: string): string =>
  found === undefined ? `is missing; ${rule}` : rule;

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step], value);
}

/** Replaces every ${NAME} in the texts of the file. */
function fillVariables(value: unknown, path: Path, env: ScheduleContext['env'], problems: Problems): unknown {
  if (!env) return value;
  if (Array.isArray(value))
    return value.map((item, index) => fillVariables(item, [...path, index], env, problems));
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fillVariables(item, [...path, key], env, problems)]),
    );
  }
  if (typeof value !== 'string') return value;
  return value.replace(/\$\{([^}$]*)\}/g, (placeholder, variable: string) => {
    if (env[variable]) return env[variable];
    problems.add(
      path,
      value,
      `${variable} is not set in the environment${suggest(variable, Object.keys(env))}`,
    );
    return placeholder;
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
