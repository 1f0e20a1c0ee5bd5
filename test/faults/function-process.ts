import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../infra/local/process.ts';
import { nodeEnvironment } from '../support/node-process.ts';

const FRAMEWORK = fileURLToPath(
  new URL('../../node_modules/@google-cloud/functions-framework/build/src/main.js', import.meta.url),
);
const CLOCKED = fileURLToPath(new URL('./harness/clocked-function.ts', import.meta.url));

export interface FunctionProcess {
  url: string;
  pid: number;
  /** Returns true if the process still runs. */
  alive(): boolean;
  /** Resolves when the process has ended. */
  gone: Promise<void>;
  /** The number of runs without a lease because Redis did not answer in time. */
  withoutLease(): number;
  /** Sends SIGKILL and resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Joins the cgroups whose files it is given, then becomes the function. */
const JOIN = 'for file in $RONDE_CGROUPS; do echo $$ > "$file" || exit 1; done; exec "$@"';

/** Starts a deployed bundle like Google Cloud: the Functions Framework in a new process, in these cgroups from its start. */
export async function startFunction(
  name: string,
  folder: string,
  env: Record<string, string>,
  cgroups: readonly string[] = [],
): Promise<FunctionProcess> {
  const port = await freePort();
  const args = [FRAMEWORK, `--target=${name}`, `--source=${folder}/${name}`, `--port=${port}`];
  const all = { ...nodeEnvironment(), ...env, RONDE_CGROUPS: cgroups.join(' ') };
  const child = spawn('sh', ['-c', JOIN, 'sh', process.execPath, ...args], {
    env: all,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return serving(child, port);
}

/** A process whose clock the test moves. */
export interface ClockedProcess extends FunctionProcess {
  /** Sets the clock, which then stands still. Resolves once the process has received it. */
  setClock(instant: Date): Promise<void>;
}

/** Starts a function behind the real Functions Framework in a new process, with its clock at `instant`. */
export async function startClockedFunction(
  name: string,
  instant: Date,
  env: Record<string, string>,
): Promise<ClockedProcess> {
  const port = await freePort();
  const child = spawnNode([CLOCKED, name, String(port), instant.toISOString()], env, [
    'ignore',
    'pipe',
    'pipe',
    'ipc',
  ]);
  const started = await serving(child, port);
  return {
    ...started,
    async setClock(next) {
      const set = once(child, 'message');
      child.send(next.toISOString());
      await set;
    },
  };
}

function spawnNode(args: string[], env: Record<string, string>, stdio: StdioOptions): ChildProcess {
  return spawn(process.execPath, args, { env: { ...nodeEnvironment(), ...env }, stdio });
}

async function serving(child: ChildProcess, port: number): Promise<FunctionProcess> {
  const killWithParent = () => child.kill('SIGKILL');
  process.on('exit', killWithParent);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  ended.then(() => process.off('exit', killWithParent));
  const errors: string[] = [];
  let withoutLease = 0;
  child.stdout?.on('data', (chunk) => {
    withoutLease += String(chunk).split('running without a lease').length - 1;
  });
  child.stderr?.on('data', (chunk) => errors.push(String(chunk)));
  await ready(child, ended, errors);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    alive: () => child.exitCode === null && child.signalCode === null,
    gone: ended,
    withoutLease: () => withoutLease,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function ready(child: ChildProcess, ended: Promise<void>, errors: string[]): Promise<void> {
  const serving = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk) => {
      if (String(chunk).includes('Serving function')) resolve();
    });
  });
  const died = ended.then(() => {
    throw new Error(`The function process ended before it served: ${errors.join('')}`);
  });
  died.catch(() => undefined);
  await Promise.race([serving, died]);
}
