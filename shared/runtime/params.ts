import * as z from 'zod';
import type { AnyTask } from './task.ts';

/** A smaller budget could not finish one batch. */
const MIN_BUDGET_SECONDS = 5;

/** The parameters that every task has. */
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

/** Returns the names of all parameters of a task. */
export function paramNames(task: AnyTask): string[] {
  return Object.keys(paramsSchema(task).shape);
}

/** Returns the schema of all parameters of a task; those of every task come last. */
export function paramsSchema(task: AnyTask): z.ZodObject {
  return z.object({
    ...(task.params as z.ZodRawShape),
    dry_run: booleanParam.default(false),
    budget_seconds: integerParam(MIN_BUDGET_SECONDS, task.budgetSeconds).default(task.budgetSeconds),
  });
}
