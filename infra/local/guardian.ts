import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./guardian.sh', import.meta.url));

const living = new Set<ChildProcess>();
let guardian: Socket | null = null;

/**
 * Sees to it that a child does not outlive this process, however this process ends. A normal exit kills it from here;
 * after SIGKILL, where no code of ours runs any more, the guardian does: a shell of its own session that holds the other
 * end of a pipe, and kills what it was told of once the pipe breaks.
 */
export function guard(child: ChildProcess): void {
  if (child.pid === undefined) return;
  living.add(child);
  child.once('exit', () => {
    living.delete(child);
    guardian?.write(`- ${child.pid}\n`);
  });
  if (guardian === null) startGuardian();
  else guardian.write(`+ ${child.pid}\n`);
}

/** Starts a guardian and tells it of all living children, so that one that was killed itself is replaced in full. */
function startGuardian(): void {
  // A session of its own: Ctrl-C and a closed terminal reach this process and its children, but not the guardian.
  const shell = spawn('/bin/sh', [SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const pipe = shell.stdin as Socket;
  const gone = () => {
    if (guardian === pipe) guardian = null;
  };
  shell.on('error', gone).on('exit', gone);
  pipe.on('error', gone);
  shell.unref();
  pipe.unref();
  for (const { pid } of living) pipe.write(`+ ${pid}\n`);
  guardian = pipe;
}

process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});
