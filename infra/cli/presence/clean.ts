import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type PresenceBackup, presenceBackup } from '../../../shared/domains/presence/backup.ts';
import { callAdmin } from '../admin-call.ts';
import { callTask, describe, findTask, UsageError } from '../run-task.ts';
import { findTarget, type Target } from '../target.ts';
import { confirm, type Terminal } from '../terminal.ts';

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

/** `cleanup`: shows, asks, saves, then puts offline exactly those whose last sign of life is before it looked. */
export async function presenceCleanup(
  target: Target,
  flags: CleanFlags,
  terminal: Terminal,
): Promise<number> {
  refuseOverwrite(flags.backup);
  const look = await callAdmin(target, cleanup, 'POST', CLEANUP, { dry_run: true });
  const going = await goesOn(look, 'without a sign of life since now', flags, terminal);
  if (going !== 'go') return going;
  const done = await callAdmin(target, cleanup, 'POST', CLEANUP, { started_at: look.started_at });
  // What was really changed, to the letter; the one of before was there in case this answer never came.
  if (flags.backup !== undefined) save(flags.backup, done.backup);
  const failures = Object.entries(done.failed);
  const failed = failures.map(([reason, count]) => `, ${count} failed (${reason})`).join('');
  const line = `Put ${done.cleaned_count} users offline; ${done.alive_count} showed life${failed}`;
  terminal.print(flags.json ? JSON.stringify(shown(done), null, 2) : line);
  return failures.length === 0 ? 0 : 1;
}

/** `stale`: the task clean-stale-sessions by hand, with a look before; or again and again with `everyMinutes`. */
export async function presenceStale(
  flags: CleanFlags & { minutes: number; everyMinutes: number | null },
  terminal: Terminal,
): Promise<number> {
  const { minutes, everyMinutes, json } = flags;
  if (everyMinutes !== null) return schedule(flags, everyMinutes, terminal);
  refuseOverwrite(flags.backup);
  const target = await findTarget();
  const look = await callAdmin(target, cleanup, 'POST', CLEANUP, { dry_run: true, minutes });
  const going = await goesOn(look, `flagged online and silent for ${minutes} minutes`, flags, terminal);
  if (going !== 'go') return going;
  const answer = await callTask(findTask('clean-stale-sessions'), { minutes }, target);
  terminal.print(json ? JSON.stringify(answer.body, null, 2) : describe(answer));
  return answer.status === 200 ? 0 : 1;
}

/** Shows what would be done and asks; 'go' to go on, else the code to end with. */
async function goesOn(
  look: Cleanup,
  who: string,
  flags: CleanFlags,
  terminal: Terminal,
): Promise<'go' | 0 | 1> {
  const would = look.would_clean_count ?? 0;
  if (!flags.json) {
    terminal.print(
      `${would} of ${look.checked_count} users are ${who}${names(look)}; ${look.alive_count} show life`,
    );
  }
  if (flags.dryRun || would === 0) {
    if (flags.json) terminal.print(JSON.stringify(shown(look), null, 2));
    if (flags.backup !== undefined) save(flags.backup, look.backup);
    return 0;
  }
  if (!flags.yes && !(await confirm(`Put ${would} users offline?`))) {
    process.stderr.write('Not confirmed: nothing was changed. Answer y, or give --yes.\n');
    return 1;
  }
  if (flags.backup !== undefined) save(flags.backup, look.backup);
  return 'go';
}

/** The answer without its backup, which is for the file. */
const shown = ({ backup: _backup, ...rest }: Cleanup) => rest;

function names({ user_ids, would_clean_count = 0 }: Cleanup): string {
  if (would_clean_count === 0) return '';
  return ` (${user_ids.slice(0, 10).join(', ')}${would_clean_count > 10 ? ', ...' : ''})`;
}

/** A backup is never written over another one: the older may be the one that is needed. */
function refuseOverwrite(file: string | undefined): void {
  if (file !== undefined && existsSync(file))
    throw new UsageError(`--backup ${file} is there already; give the name of a new file.`);
}

/** Whole or not at all, and for this user's eyes only: it says when people were at work. */
function save(file: string, backup: PresenceBackup): void {
  writeFileSync(`${file}.part`, `${JSON.stringify(backup, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.part`, file);
}

async function schedule(
  { minutes, dryRun, json }: CleanFlags & { minutes: number },
  everyMinutes: number,
  { print }: Terminal,
): Promise<number> {
  const stopping = new AbortController();
  const { signal } = stopping;
  process.once('SIGINT', () => stopping.abort());
  process.once('SIGTERM', () => stopping.abort());
  const say = (line: string) => print(json ? JSON.stringify({ task: 'clean-stale-sessions', line }) : line);
  say(`Cleaning stale sessions (silent for ${minutes} minutes) every ${everyMinutes} minutes...`);
  while (!signal.aborted) {
    say(await round({ minutes, ...(dryRun ? { dry_run: true } : {}) }));
    await sleep(everyMinutes * 60_000, undefined, { signal }).catch(() => undefined);
  }
  say('Stopped.');
  return 0;
}

/** One round; an error is said, and the next one comes all the same. */
async function round(params: object): Promise<string> {
  try {
    return describe(await callTask(findTask('clean-stale-sessions'), params, await findTarget()));
  } catch (error) {
    return `Error: ${error instanceof Error ? error.message : String(error)}`;
  }
}
