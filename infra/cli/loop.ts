import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyTask } from '../../shared/runtime/task.ts';
import { callTask, describeAnswer } from './run-task.ts';
import type { Target } from './target.ts';
import { UsageError } from './usage-error.ts';

const MINUTE_MS = 60_000;
const UNIT_MS: Record<string, number> = { s: 1000, m: MINUTE_MS, h: 60 * MINUTE_MS };

/** Parses `15m`, `90s` or `1h` into milliseconds. */
export function parseEvery(text: string): number {
  const [, amount, unit] = /^([1-9]\d{0,4})([smh])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) {
    throw new UsageError(
      `--every ${JSON.stringify(text)} is not a time; give seconds, minutes or hours, such as 90s, 15m or 1h.`,
    );
  }
  return Number(amount) * (UNIT_MS[unit] ?? 0);
}

export interface LoopOptions {
  everyMs: number;
  signal: AbortSignal;
  /** Called before each run, since tokens expire. */
  findTarget: () => Promise<Target>;
  print: (line: string) => void;
}

/** Runs a task repeatedly until the signal. An error is printed and does not end the loop. */
export async function loop(
  task: AnyTask,
  { everyMs, signal, findTarget, print }: LoopOptions,
): Promise<void> {
  const action = task.name.replaceAll('-', ' ');
  print(`Starting scheduler to ${action} every ${formatEvery(everyMs)}...`);
  while (!signal.aborted) {
    print(await runOnce(task, findTarget, action));
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

async function runOnce(task: AnyTask, findTarget: () => Promise<Target>, action: string): Promise<string> {
  try {
    const answer = await callTask(task, {}, await findTarget());
    if (answer.status !== 200) return `Error: ${answer.status} - ${answer.text}`;
    const closed = answer.body.closed_count;
    return closed === undefined ? describeAnswer(answer) : `Closed ${closed} inactive visits`;
  } catch (error) {
    return `Error ${action.replace(/^close/, 'closing')}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function formatEvery(ms: number): string {
  if (ms % MINUTE_MS === 0) return `${ms / MINUTE_MS} minutes`;
  return `${ms / 1000} seconds`;
}
