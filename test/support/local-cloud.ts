import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StackFile } from '../../infra/local/stack-file.ts';

const ENTRY = fileURLToPath(new URL('../../infra/local/main.ts', import.meta.url));

/** The process of `npm start` in a folder of its own. */
export interface LocalCloud {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  file: string;
  stackFile(): StackFile;
  /**
   * Resolves when the process has printed this text. Rejects with the whole output if the process ends without it.
   */
  printed(text: string): Promise<void>;
  /** Resolves when the process has ended and all its output has arrived. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Makes a folder to start local clouds in. `remove` removes all their processes and files. */
export async function localFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'ronde-start-'));
  const clouds: LocalCloud[] = [];
  const add = (command: [string, ...string[]], env: Record<string, string>) => {
    const cloud = startCloud(folder, command, env);
    clouds.push(cloud);
    return cloud;
  };
  return {
    /** Lists the living processes of the clouds in this folder, including their children. */
    processes: () => processesIn(folder),
    /** Starts a cloud like npm start, without npm. */
    start: (env: Record<string, string> = {}) => add([process.execPath, ENTRY], env),
    /** Starts a cloud under another process that stands for npm; this process is the `child` of the result. */
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
    // A process group, like a shell's command, so that a signal reaches all of it.
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
 * Lists the living processes whose working directory is this folder, as every engine's is. Linux shows it, except for
 * zombies. (Their environment is no sign: redis-server overwrites it.)
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
    // The process has just ended.
  }
}
