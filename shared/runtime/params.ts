import * as z from 'zod';
import { HttpError } from '../doors/http/errors.ts';
import { inOurWords, shown } from '../doors/http/faults.ts';
import { type HttpRequest, jsonBody, location } from '../doors/http/request.ts';
import type { AnyTask } from './task.ts';

/** A budget below this could not finish one batch. */
const MIN_BUDGET_SECONDS = 5;

/** Parameters that every task takes. */
export interface CommonParams {
  dry_run: boolean;
  budget_seconds: number;
}

const truth: Record<string, boolean> = {
  true: true,
  True: true,
  '1': true,
  false: false,
  False: false,
  '0': false,
};

/** A boolean from JSON or from a query string: true, True, 1, false, False or 0. */
export const booleanParam = z.preprocess(
  (value) => (typeof value === 'string' ? (truth[value] ?? value) : value),
  z.boolean({ error: 'must be true or false' }),
);

/** A whole number from JSON or from a query string, within bounds. */
export function integerParam(min: number, max: number) {
  const rule = `must be a whole number from ${min} to ${max}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value),
    z.number({ error: rule }).int({ error: rule }).min(min, { error: rule }).max(max, { error: rule }),
  );
}

/** The names of all parameters a task takes. */
export function paramNames(task: AnyTask): string[] {
  return [...Object.keys(task.params), 'dry_run', 'budget_seconds'];
}

/**
 * A request's parameters, from the query string or the JSON body, never both for one name. 400 names a malformed one
 * with its value and what is legal, and unknown ones without their values (they may be secrets that lost their way).
 */
export async function parseParams(
  task: AnyTask,
  request: HttpRequest,
): Promise<Record<string, unknown> & CommonParams> {
  const given = await collect(request);
  const known = paramNames(task);
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new HttpError(
      400,
      `Unknown parameter ${unknown.join(', ')}; ${task.name} takes ${known.join(', ')}.`,
      {
        details: { unknown, known },
      },
    );
  }
  const schema = z.object({
    ...task.params,
    dry_run: booleanParam.default(false),
    budget_seconds: integerParam(MIN_BUDGET_SECONDS, task.budgetSeconds).default(task.budgetSeconds),
  });
  const parsed = schema.safeParse(given, { error: inOurWords });
  if (parsed.success) return parsed.data as Record<string, unknown> & CommonParams;
  const faults = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return { parameter: name, value: shown(given[name]), rule: issue.message };
  });
  throw new HttpError(
    400,
    faults.map((f) => `The parameter ${f.parameter} is ${f.value}; it ${f.rule}.`).join(' '),
    {
      details: faults,
    },
  );
}

async function collect(request: HttpRequest): Promise<Record<string, unknown>> {
  // Without a prototype, so that a parameter named __proto__ is one like any other.
  const given: Record<string, unknown> = Object.assign(Object.create(null), await jsonBody(request));
  const { query } = location(request);
  for (const name of new Set(query.keys())) {
    if (name === 'secret') continue;
    const values = query.getAll(name);
    if (values.length > 1)
      throw new HttpError(400, `The parameter ${name} is given ${values.length} times; give it once.`);
    if (Object.hasOwn(given, name)) {
      throw new HttpError(
        400,
        `The parameter ${name} is in both the query string and the body; give it once.`,
      );
    }
    given[name] = values[0];
  }
  return given;
}
