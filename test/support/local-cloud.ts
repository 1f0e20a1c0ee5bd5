import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StackFile } from '../../infra/local/stack-file.ts';

const ENTRY = fileURLToPath(new URL('../../infra/local/main.ts', import.meta.url));

/** `npm start`'s process in a folder of its own. */
export interface LocalCloud {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  file: string;
  stackFile(): StackFile;
  /** Resolves when this text has been printed; rejects with the whole output when the process ends without it. */
  printed(text: string): Promise<void>;
  /** Resolves when the process has ended and all its output is read. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A folder to start local clouds in; `remove` leaves no process and no file of theirs. */
export async function localFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'ronde-start-'));
  const clouds: LocalCloud[] = [];
  const add = (command: [string, ...string[]], env: Record<string, string>) => {
    const cloud = startCloud(folder, command, env);
    clouds.push(cloud);
    return cloud;
  };
  return {
    /** The living processes of the clouds started here, those that they started included. */
    processes: () => processesIn(folder),
    /** Starts one as npm start does, without npm. */
    start: (env: Record<string, string> = {}) => add([process.execPath, ENTRY], env),
    /** Starts one as the child of another process, which is the `child` of the result: npm stands there. */
    startUnder: (env: Record<string, string> = {}) =>
      add(['/bin/sh', '-c', '"$0" "$1"; exit $?', process.execPath, ENTRY], {
        ...env,
        npm_lifecycle_event: 'start',
      }),
    async remove() {
      for (const pid of processesIn(folder)) kill(pid);
      await Promise.all(clouds.map(({ ended }) => ended));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function startCloud(
  folder: string,
  [command, ...args]: [string, ...string[]],
  env: Record<string, string>,
): LocalCloud {
  const { FIRESTORE_EMULATOR_HOST: _shared, npm_lifecycle_event: _npm, ...inherited } = process.env;
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...inherited, PORT: '0', RONDE_CLOCK: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, as a shell gives a command, so that a signal can go to all of it.
    detached: true,
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += String(chunk);
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const file = join(folder, '.local', 'stack.json');
  return {
    child,
    output,
    file,
    stackFile: () => JSON.parse(readFileSync(file, 'utf8')) as StackFile,
    printed: (text) => printed(child, output, text),
    ended,
  };
}

function printed(child: ChildProcess, output: { stdout: string; stderr: string }, text: string) {
  return new Promise<void>((resolve, reject) => {
    const look = () => output.stdout.includes(text) && resolve();
    child.stdout?.on('data', look);
    child.once('close', () => reject(new Error(`ended without '${text}': ${output.stdout}${output.stderr}`)));
    look();
  });
}

/**
 * The living processes that work in this folder, as every engine does that a cloud started there. Linux tells it; a
 * zombie has no folder any more. (Their environment would not do: redis-server overwrites its own.)
 */
function processesIn(folder: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => workingFolder(pid) === folder).map(Number);
}

function workingFolder(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
