import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type PresenceBackup, presenceBackup } from '../../../shared/domains/presence/backup.ts';
import { callAdmin } from '../admin-call.ts';
import { findTarget, type Target } from '../target.ts';
import { confirm, type Terminal } from '../terminal.ts';

/** Users per request: a hundred stay well below what a function takes for a body. */
const CHUNK = 100;
const counts = z.record(z.string(), z.number());
const restored = z.object({ dry_run: z.boolean(), counts });
type Counts = z.infer<typeof counts>;

/** `restore FILE`: shows what would be put back, asks, and puts it back. */
export async function presenceRestore(
  file: string,
  flags: { dryRun?: true; yes?: true; json?: true },
  { print }: Terminal,
): Promise<number> {
  const backup = read(file);
  const target = await findTarget();
  const show = (done: Counts, dryRun: boolean) =>
    print(flags.json ? JSON.stringify({ dry_run: dryRun, counts: done }) : describeCounts(done, dryRun));
  const look = await send(target, backup, true);
  if (flags.dryRun || !flags.json) show(look, true);
  if (flags.dryRun) return 0;
  if (
    !flags.yes &&
    !(await confirm(`Put ${look.restored ?? 0} users back as they were at ${backup.taken_at}?`))
  ) {
    process.stderr.write('Not confirmed: nothing was changed. Answer y, or give --yes.\n');
    return 1;
  }
  const done = await send(target, backup, false);
  show(done, false);
  return (done.failed ?? 0) === 0 ? 0 : 1;
}

function read(file: string): PresenceBackup {
  const parsed = presenceBackup.safeParse(parse(file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(
    `${file} is no backup of presence: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
  );
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function send(target: Target, backup: PresenceBackup, dryRun: boolean): Promise<Counts> {
  const sums: Counts = {};
  for (let from = 0; from < backup.users.length; from += CHUNK) {
    const part = { ...backup, users: backup.users.slice(from, from + CHUNK) };
    const body = { dry_run: dryRun, backup: part };
    const answer = await callAdmin(target, restored, 'POST', '/v1/admin/presence/restore', body);
    for (const [name, count] of Object.entries(answer.counts)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

function describeCounts(done: Counts, dryRun: boolean): string {
  const { restored: back = 0, unchanged = 0, changed_since: newer = 0, gone = 0, failed = 0 } = done;
  const verb = dryRun ? 'Would put back' : 'Put back';
  return `${verb} ${back} users; ${unchanged} are as they were, ${newer} have shown life or logged out since, ${gone} are gone, ${failed} failed`;
}
