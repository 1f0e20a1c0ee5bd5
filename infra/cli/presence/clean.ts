import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type PresenceBackup, presenceBackup } from '../../../shared/domains/presence/backup.ts';
import { callAdmin } from '../admin-call.ts';
import { callTask, describeAnswer, findTask } from '../run-task.ts';
import { findTarget, findTaskTarget, type Target } from '../target.ts';
import { confirm, type Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

const CLEANUP = '/v1/admin/presence/cleanup';
const cleanup = z.object({
  dry_run: z.boolean(),
  started_at: z.string(),
  checked_count: z.number(),
  cleaned_count: z.number(),
  would_clean_count: z.number().optional(),
  alive_count: z.number(),
  failed: z.record(z.string(), z.number()),
  user_ids: z.array(z.string()),
  backup: presenceBackup,
});
type Cleanup = z.infer<typeof cleanup>;

interface CleanFlags {
  dryRun?: true;
  yes?: true;
  backup?: string;
  json?: true;
}

/** Runs `cleanup`: puts offline the users whose last sign of life precedes the preview it shows. */
export async function cleanPresence(target: Target, flags: CleanFlags, terminal: Terminal): Promise<number> {
  refuseOverwrite(flags.backup);
  const preview = await callCleanup(target, { dry_run: true });
  const choice = await confirmCleanup(preview, 'without a sign of life since now', flags, terminal);
  if (choice !== 'go') return choice;
  const done = await callCleanup(target, { started_at: preview.started_at });
  // Replaces the backup of the preview, which only matters if this answer is lost.
  if (flags.backup !== undefined) writeBackup(flags.backup, done.backup);
  const failures = Object.entries(done.failed);
  const failed = failures.map(([reason, count]) => `, ${count} failed (${reason})`).join('');
  const line = `Put ${done.cleaned_count} users offline; ${done.alive_count} showed life${failed}`;
  terminal.print(flags.json ? JSON.stringify(withoutBackup(done), null, 2) : line);
  return failures.length === 0 ? 0 : 1;
}

/** Runs `stale`: the task clean-stale-sessions after a preview, or repeatedly if `everyMinutes` is set. */
export async function cleanStaleSessions(
  flags: CleanFlags & { minutes: number; everyMinutes: number | null },
  terminal: Terminal,
): Promise<number> {
  const { minutes, everyMinutes, json } = flags;
  if (everyMinutes !== null) return repeatTask(flags, everyMinutes, terminal);
  refuseOverwrite(flags.backup);
  const target = await findTarget();
  const preview = await callCleanup(target, { dry_run: true, minutes });
  const choice = await confirmCleanup(
    preview,
    `flagged online and silent for ${minutes} minutes`,
    flags,
    terminal,
  );
  if (choice !== 'go') return choice;
  const task = findTask('clean-stale-sessions');
  const answer = await callTask(task, { minutes }, await findTaskTarget(task));
  terminal.print(json ? JSON.stringify(answer.body, null, 2) : describeAnswer(answer));
  return answer.status === 200 ? 0 : 1;
}

const callCleanup = (target: Target, body: object) =>
  callAdmin(target, cleanup, { method: 'POST', path: CLEANUP, body });

/** Shows the preview, asks and saves the backup. Returns 'go' to go on, else the exit code. */
async function confirmCleanup(
  preview: Cleanup,
  group: string,
  flags: CleanFlags,
  terminal: Terminal,
): Promise<'go' | 0 | 1> {
  const count = preview.would_clean_count ?? 0;
  if (!flags.json) {
    terminal.print(
      `${count} of ${preview.checked_count} users are ${group}${listUsers(preview)}; ${preview.alive_count} show life`,
    );
  }
  if (flags.dryRun || count === 0) {
    if (flags.json) terminal.print(JSON.stringify(withoutBackup(preview), null, 2));
    if (flags.backup !== undefined) writeBackup(flags.backup, preview.backup);
    return 0;
  }
  if (!flags.yes && !(await confirm(`Put ${count} users offline?`))) {
    process.stderr.write('Not confirmed: nothing was changed. Answer y, or give --yes.\n');
    return 1;
  }
  if (flags.backup !== undefined) writeBackup(flags.backup, preview.backup);
  return 'go';
}

/** Leaves out the backup, which belongs in the file. */
const withoutBackup = ({ backup: _backup, ...rest }: Cleanup) => rest;

function listUsers({ user_ids, would_clean_count = 0 }: Cleanup): string {
  if (would_clean_count === 0) return '';
  return ` (${user_ids.slice(0, 10).join(', ')}${would_clean_count > 10 ? ', ...' : ''})`;
}

/** Never overwrites a backup: the older one may be the one that somebody needs. */
function refuseOverwrite(file: string | undefined): void {
  if (file !== undefined && existsSync(file))
    throw new UsageError(`--backup ${file} exists already; give the name of a new file.`);
}

/** Writes a backup atomically, readable only by its owner: it holds the working hours of people. */
function writeBackup(file: string, backup: PresenceBackup): void {
  writeFileSync(`${file}.part`, `${JSON.stringify(backup, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.part`, file);
}

async function repeatTask(
  { minutes, dryRun, json }: CleanFlags & { minutes: number },
  everyMinutes: number,
  { print }: Terminal,
): Promise<number> {
  const stopping = new AbortController();
  const { signal } = stopping;
  process.once('SIGINT', () => stopping.abort());
  process.once('SIGTERM', () => stopping.abort());
  const printLine = (line: string) =>
    print(json ? JSON.stringify({ task: 'clean-stale-sessions', line }) : line);
  printLine(`Cleaning stale sessions (silent for ${minutes} minutes) every ${everyMinutes} minutes...`);
  while (!signal.aborted) {
    printLine(await runOnce({ minutes, ...(dryRun ? { dry_run: true } : {}) }));
    await sleep(everyMinutes * 60_000, undefined, { signal }).catch(() => undefined);
  }
  printLine('Stopped.');
  return 0;
}

/** Runs the task once. Returns an error as a line, so that the loop goes on. */
async function runOnce(params: object): Promise<string> {
  try {
    const task = findTask('clean-stale-sessions');
    return describeAnswer(await callTask(task, params, await findTaskTarget(task)));
  } catch (error) {
    return `Error: ${error instanceof Error ? error.message : String(error)}`;
  }
}
