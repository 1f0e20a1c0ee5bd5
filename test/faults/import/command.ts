import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { settingsFields } from '../../support/followups.ts';
import { nodeEnvironment } from '../../support/node-process.ts';
import type { FaultRun } from '../harness/plan.ts';
import type { FaultStage } from '../harness/stage.ts';
import type { ImportRows } from './rows.ts';

const ENTRY = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
/** More than the heap that 100,000 lines would take as objects: an import keeps only its ids in memory. */
const HEAP_MB = 128;
/** The interval of counting the written documents. */
const LOOK_MS = 5;

/** The answer of an import with `--json`. */
export interface ImportAnswer {
  code: number | null;
  report: { lines: number; created: number; existing: number; faults: { line: number; message: string }[] };
}

/** Empties the stage and stores an organisation with automatic follow-ups on. */
export async function prepare(stage: FaultStage): Promise<void> {
  await stage.reset();
  await stage.store().doc('billing_settings/org-1').set(settingsFields());
}

/** Returns the lines of a valid file. */
export const linesOf = ({ line }: ImportRows, count: number): string[] =>
  Array.from({ length: count }, (_, index) => JSON.stringify(line(index)));

/** Calls `work` with a file of these lines and deletes it afterwards. */
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

/** Starts an import as a process. */
function start(kind: string, file: string, environment: Record<string, string>): ChildProcess {
  const args = [`--max-old-space-size=${HEAP_MB}`, ENTRY, 'import', kind, file, '--json'];
  const env = { ...nodeEnvironment(), ...environment };
  return spawn(process.execPath, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs an import to its end. Throws its output if the answer cannot be read. */
export async function runImport(kind: string, file: string, stage: FaultStage): Promise<ImportAnswer> {
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

/** The point of a kill. */
export interface ImportKill {
  collection: string;
  /** After this many documents are written. */
  written: number;
  /** True if the next data that it sends still arrives. */
  arrives: boolean;
}

/**
 * Kills an import once this many of its documents are written, at the next data that it sends. Returns the number of
 * documents then, which is all of them if the import was done before.
 */
export async function killImport(
  kind: string,
  file: string,
  stage: FaultStage,
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

/** Returns the number of documents in a collection. */
export async function documentsIn(stage: FaultStage, collection: string): Promise<number> {
  return (await stage.store().collection(collection).count().get()).data().count;
}
