import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../infra/local/process.ts';

const FRAMEWORK = fileURLToPath(
  new URL('../../node_modules/@google-cloud/functions-framework/build/src/main.js', import.meta.url),
);

export interface FunctionProcess {
  url: string;
  pid: number;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
}

/** A deployed bundle as Google Cloud starts it: the Functions Framework in a process of its own. */
export async function startFunction(
  name: string,
  folder: string,
  env: Record<string, string>,
): Promise<FunctionProcess> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [FRAMEWORK, `--target=${name}`, `--source=${folder}/${name}`, `--port=${port}`],
    {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const errors: string[] = [];
  child.stderr.on('data', (chunk) => errors.push(String(chunk)));
  await ready(child, ended, errors);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
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
