import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type PresenceBackup, presenceBackup } from '../../../shared/domains/presence/backup.ts';
import { callAdmin } from '../admin-call.ts';
import { findTarget, type Target } from '../target.ts';
import { confirm, type Terminal } from '../terminal.ts';

/** Users per request, well below the largest body that a function accepts. */
const CHUNK = 100;
const counts = z.record(z.string(), z.number());
const restoreResult = z.object({ dry_run: z.boolean(), counts });
type RestoreCounts = z.infer<typeof counts>;

/** Runs `restore FILE`: shows a preview, asks, and restores. */
export async function restorePresence(
  file: string,
  flags: { dryRun?: true; yes?: true; json?: true },
  { print }: Terminal,
): Promise<number> {
  const backup = readBackup(file);
  const target = await findTarget();
  const printCounts = (done: RestoreCounts, dryRun: boolean) =>
    print(flags.json ? JSON.stringify({ dry_run: dryRun, counts: done }) : describeCounts(done, dryRun));
  const preview = await sendBackup(target, backup, true);
  if (flags.dryRun || !flags.json) printCounts(preview, true);
  if (flags.dryRun) return 0;
  if (
    !flags.yes &&
    !(await confirm(`Put ${preview.restored ?? 0} users back as they were at ${backup.taken_at}?`))
  ) {
    process.stderr.write('Not confirmed: nothing was changed. Answer y, or give --yes.\n');
    return 1;
  }
  const done = await sendBackup(target, backup, false);
  printCounts(done, false);
  return (done.failed ?? 0) === 0 ? 0 : 1;
}

function readBackup(file: string): PresenceBackup {
  const { success, data, error } = presenceBackup.safeParse(readJson(file));
  if (success) return data;
  const [issue] = error.issues;
  throw new Error(
    `${file} is not a backup of presence: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
  );
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function sendBackup(target: Target, backup: PresenceBackup, dryRun: boolean): Promise<RestoreCounts> {
  const sums: RestoreCounts = {};
  for (let from = 0; from < backup.users.length; from += CHUNK) {
    const part = { ...backup, users: backup.users.slice(from, from + CHUNK) };
    const body = { dry_run: dryRun, backup: part };
    const answer = await callAdmin(target, restoreResult, {
      method: 'POST',
      path: '/v1/admin/presence/restore',
      body,
    });
    for (const [name, count] of Object.entries(answer.counts)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

function describeCounts(done: RestoreCounts, dryRun: boolean): string {
  const { restored: back = 0, unchanged = 0, changed_since: newer = 0, gone = 0, failed = 0 } = done;
  const verb = dryRun ? 'Would put back' : 'Put back';
  return `${verb} ${back} users; ${unchanged} are as they were, ${newer} have shown life or logged out since, ${gone} are gone, ${failed} failed`;
}
