import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { settingsFields } from '../../support/followups.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import type { FaultRun } from '../harness/plan.ts';
import type { Stage } from '../harness/stage.ts';
import type { ImportRows } from './rows.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
/** More than the heap that 100,000 lines would take as objects: the memory of an import is that of its ids. */
const HEAP_MB = 128;
/** How often it is looked how much is written. */
const LOOK_MS = 5;

/** What an import answered, as `--json` prints it. */
export interface ImportAnswer {
  code: number | null;
  report: { lines: number; created: number; existing: number; faults: { line: number; message: string }[] };
}

/** An empty stage with an organisation whose automatic follow-ups are on. */
export async function prepare(stage: Stage): Promise<void> {
  await stage.reset();
  await stage.store().doc('billing_settings/org-1').set(settingsFields());
}

/** The lines of a file, all of them sound. */
export const linesOf = ({ line }: ImportRows, count: number): string[] =>
  Array.from({ length: count }, (_, index) => JSON.stringify(line(index)));

/** Hands `work` a file with these lines, which is gone afterwards. */
export async function withFile<T>(
  { bundles }: FaultRun,
  kind: string,
  lines: readonly string[],
  work: (file: string) => Promise<T>,
): Promise<T> {
  const file = resolve(bundles, `${kind}.jsonl`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  try {
    return await work(file);
  } finally {
    rmSync(file, { force: true });
  }
}

/** An import in a process of its own. */
function start(kind: string, file: string, environment: Record<string, string>): ChildProcess {
  const args = [`--max-old-space-size=${HEAP_MB}`, ENTRY, 'import', kind, file, '--json'];
  const env = { ...nodeEnvironment(), ...environment };
  return spawn(process.execPath, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs an import to its end; one that answers nothing that can be read is an error with what it said instead. */
export async function runImport(kind: string, file: string, stage: Stage): Promise<ImportAnswer> {
  const child = start(kind, file, stage.environment);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk) => {
      output[name] += String(chunk);
    });
  const [code] = (await once(child, 'close')) as [number | null];
  try {
    return { code, report: JSON.parse(output.stdout) as ImportAnswer['report'] };
  } catch {
    throw new Error(`an import of ${kind} ended with ${code}: ${output.stderr}${output.stdout}`);
  }
}

/** Where an import is killed. */
export interface ImportKill {
  collection: string;
  /** Once so many documents are there. */
  written: number;
  /** At the next thing that it sends, which then arrives or does not. */
  arrives: boolean;
}

/**
 * Kills an import by its progress: when so many of its documents are written, and then at the next thing that it sends.
 * Returns how many documents there are then; of an import that was done before, that is all of them.
 */
export async function killImport(
  kind: string,
  file: string,
  stage: Stage,
  { collection, written, arrives }: ImportKill,
): Promise<number> {
  const child = start(kind, file, stage.tapped);
  child.stdout?.resume();
  child.stderr?.resume();
  let runs = true;
  const ended = once(child, 'close').then(() => {
    runs = false;
  });
  while (runs && (await documentsIn(stage, collection)) < written) await delay(LOOK_MS);
  stage.tap.cutAt(1, arrives, () => child.kill('SIGKILL'));
  await ended;
  stage.tap.reset();
  return await documentsIn(stage, collection);
}

/** How many documents a collection has. */
export async function documentsIn(stage: Stage, collection: string): Promise<number> {
  return (await stage.store().collection(collection).count().get()).data().count;
}
