import { tasks } from '../../functions/tasks.ts';
import type { AnyTask } from '../../shared/runtime/task.ts';
import type { Target } from './target.ts';
import { UsageError } from './usage-error.ts';

/** A minute longer than the longest timeout of a function. */
const TIMEOUT_MS = 3_660_000;

/** Finds a task by its name. Throws a UsageError with the legal names for an unknown one. */
export function findTask(name: string): AnyTask {
  const task = tasks.find((candidate) => candidate.name === name);
  if (!task)
    throw new UsageError(
      `There is no task ${JSON.stringify(name)}; there are ${tasks.map((t) => t.name).join(', ')}.`,
    );
  return task;
}

/** Parses `name=value` pairs into parameters. */
export function parsePairs(pairs: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const pair of pairs) {
    const [, name, value] = /^([a-z_]+)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined)
      throw new UsageError(`--param ${JSON.stringify(pair)} is not of the form name=value.`);
    if (Object.hasOwn(params, name))
      throw new UsageError(`--param ${name} is given twice, as "${params[name]}" and "${value}"; give one.`);
    params[name] = value ?? '';
  }
  return params;
}

export interface TaskAnswer {
  status: number;
  body: Record<string, unknown>;
  text: string;
}

/** Runs a task once over HTTP, as an administrator or operator. */
export async function callTask(task: AnyTask, params: object, target: Target): Promise<TaskAnswer> {
  const response = await fetch(target.url + task.route, {
    method: 'POST',
    headers: { Authorization: target.authorization, 'Content-Type': 'application/json' },
    body: JSON.stringify(params),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    throw new Error(`${target.url} does not answer: ${cause}`, { cause: error });
  });
  const text = await response.text();
  return { status: response.status, body: parseBody(text), text };
}

function parseBody(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Returns the failed candidates by reason, as text; empty if none failed. */
function describeFailures(failed: unknown): string {
  const reasons = Object.entries((failed ?? {}) as Record<string, number>);
  return reasons.length === 0
    ? ''
    : `failed: ${reasons.map(([reason, count]) => `${count} ${reason}`).join(', ')}`;
}

/** Returns one line for people: what the run did, why candidates failed, or why the task refused. */
export function describeAnswer({ status, body, text }: TaskAnswer): string {
  const error = body.error as { message?: string } | undefined;
  const message = body.message ?? error?.message ?? text;
  const counts = Object.entries((body.counts as Record<string, number> | undefined) ?? {});
  const sums = counts.map(([name, count]) => `${count} ${name}`).join(', ');
  const failed = describeFailures(body.failed);
  return `${body.outcome ?? status}: ${message}${sums ? ` (${sums})` : ''}${failed ? `; ${failed}` : ''}`;
}
