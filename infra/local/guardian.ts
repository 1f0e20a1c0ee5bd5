import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./guardian.sh', import.meta.url));

const living = new Set<ChildProcess>();
let guardian: Socket | null = null;

/**
 * Kills a child when this process ends. On a normal exit this process kills it. After SIGKILL the guardian does: a
 * shell in another session that reads process ids from a pipe and kills them when the pipe breaks.
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

/** Starts a guardian and sends it all living children, so that it fully replaces a killed one. */
function startGuardian(): void {
  // In another session, so that Ctrl-C and a closed terminal do not end the guardian.
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
