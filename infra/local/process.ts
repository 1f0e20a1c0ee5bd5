import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { guard } from './guardian.ts';

/** The time between SIGTERM and SIGKILL. */
const STOP_GRACE_MS = 3_000;
const READY_TIMEOUT_MS = 120_000;
const PROBE_EVERY_MS = 25;
const TAIL_LINES = 4;

/** Waits for one line, then becomes the program. Without that line it ends by itself, so it needs no guardian yet. */
const GATE = 'read -r _ && exec "$@" </dev/null';

/** The sign that an engine is ready: a line of its output, or a probe that succeeds. */
export type Readiness = { line: RegExp } | { probe: () => Promise<boolean> };

export interface EngineOptions {
  env?: NodeJS.ProcessEnv;
  ready: Readiness;
  readyTimeoutMs?: number;
}

/** One child process of the local cloud. */
export interface LocalEngine {
  name: string;
  pid: number;
  /** Sends SIGTERM, then SIGKILL after three seconds. Resolves when the process is gone. */
  stop(): Promise<void>;
  /** Calls back once when the process ends, or at once if it has ended already. */
  onExit(callback: (code: number | null, signal: NodeJS.Signals | null) => void): void;
}

/** Returns a free port of the loopback interface. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Collects a child's last lines and remembers if one matched `awaited`. */
function listen(child: ChildProcess, awaited: RegExp | null): { tail(): string; seen(): boolean } {
  const lines: string[] = [];
  let seen = false;
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        if (awaited?.test(line)) seen = true;
        if (line.trim() !== '') lines.push(line.trim());
      }
      lines.splice(0, lines.length - TAIL_LINES);
    });
    stream?.on('end', () => {
      if (rest.trim() !== '') lines.push(rest.trim());
    });
  }
  return { tail: () => lines.join(' | ') || 'it printed nothing', seen: () => seen };
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (ended(child)) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await gone;
  clearTimeout(timer);
}

async function untilReady(
  child: ChildProcess,
  ready: () => Promise<boolean>,
  ms: number,
): Promise<string | null> {
  const deadline = Date.now() + ms;
  while (Date.now() < deadline) {
    if (ended(child)) return `ended with ${child.signalCode ?? `code ${child.exitCode}`} before it was ready`;
    if (await ready().catch(() => false)) return null;
    await sleep(PROBE_EVERY_MS);
  }
  return `was not ready after ${ms} ms`;
}

/** Starts a child process and resolves once it is ready; the caller must stop it. It never outlives this process. */
export async function spawnEngine(
  name: string,
  command: string,
  args: readonly string[],
  options: EngineOptions,
): Promise<LocalEngine> {
  const child = spawn('/bin/sh', ['-c', GATE, 'sh', command, ...args], {
    env: options.env ?? process.env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { ready } = options;
  const output = listen(child, 'line' in ready ? ready.line : null);
  const refusal = await new Promise<Error | null>((resolve) => {
    child.once('error', resolve).once('spawn', () => resolve(null));
  });
  if (refusal !== null || child.pid === undefined) {
    throw new Error(`${name}: /bin/sh does not start (${refusal?.message}), so '${command}' cannot either`);
  }
  guard(child);
  child.on('error', () => undefined);
  // The guardian knows the child now. If this process had died earlier, the child's gate would have closed.
  child.stdin.on('error', () => undefined).end('\n');
  const probe = 'line' in ready ? async () => output.seen() : ready.probe;
  const failure = await untilReady(child, probe, options.readyTimeoutMs ?? READY_TIMEOUT_MS);
  if (failure !== null) {
    await stopChild(child);
    throw new Error(`${name}: '${command}' ${failure}; correct what it says: ${output.tail()}`);
  }
  return {
    name,
    pid: child.pid,
    stop: () => stopChild(child),
    onExit(callback) {
      if (ended(child)) callback(child.exitCode, child.signalCode);
      else child.once('exit', callback);
    },
  };
}
