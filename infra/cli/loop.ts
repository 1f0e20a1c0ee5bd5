import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyTask } from '../../shared/runtime/task.ts';
import { callTask, describe, UsageError } from './run-task.ts';
import type { Target } from './target.ts';

const MINUTE_MS = 60_000;
const UNIT_MS: Record<string, number> = { s: 1000, m: MINUTE_MS, h: 60 * MINUTE_MS };

/** `15m`, `90s`, `1h` as milliseconds. */
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
  /** A target per round, since tokens expire. */
  target: () => Promise<Target>;
  print: (line: string) => void;
}

/** Runs a task again and again until the signal; an error is said, and the next round comes all the same. */
export async function loop(task: AnyTask, { everyMs, signal, target, print }: LoopOptions): Promise<void> {
  const what = task.name.replaceAll('-', ' ');
  print(`Starting scheduler to ${what} every ${everyText(everyMs)}...`);
  while (!signal.aborted) {
    print(await round(task, target, what));
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

async function round(task: AnyTask, target: () => Promise<Target>, what: string): Promise<string> {
  try {
    const answer = await callTask(task, {}, await target());
    if (answer.status !== 200) return `Error: ${answer.status} - ${answer.text}`;
    const closed = answer.body.closed_count;
    return closed === undefined ? describe(answer) : `Closed ${closed} inactive visits`;
  } catch (error) {
    return `Error ${what.replace(/^close/, 'closing')}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function everyText(ms: number): string {
  if (ms % MINUTE_MS === 0) return `${ms / MINUTE_MS} minutes`;
  return `${ms / 1000} seconds`;
}
