import type { Command } from 'commander';
import { MAX_THRESHOLD_MINUTES } from '../../../shared/domains/presence/limits.ts';
import { UsageError } from '../run-task.ts';
import { findTarget } from '../target.ts';
import type { Terminal } from '../terminal.ts';
import { presenceCleanup, presenceStale } from './clean.ts';
import { PRESENCE_HELP } from './help.ts';
import { presenceRestore } from './restore.ts';
import { presenceStatus, presenceTest } from './status.ts';

interface Flags {
  minutes?: string;
  interval?: string;
  scheduled?: true;
  dryRun?: true;
  yes?: true;
  backup?: string;
  json?: true;
}

const DEFAULT_INTERVAL_MINUTES = 15;

/** `ronde presence ...`: what administrators of the original had as single scripts. */
export function addPresence(program: Command, terminal: Terminal): void {
  const presence = program
    .command('presence')
    .description('who is online: look, repair, test')
    .helpCommand(false)
    .showHelpAfterError();
  const json = ['--json', 'print the answer as JSON'] as const;
  const dryRun = ['--dry-run', 'show what would be done; nothing is written'] as const;
  const yes = ['--yes', 'do not ask'] as const;
  const backup = ['--backup <file>', 'save what is changed, for `presence restore`'] as const;

  presence
    .command('status')
    .description('users flagged online against live keys, ghosts, stale sessions, stores, last runs')
    .option(...json)
    .action(async (flags: Flags) => terminal.exit(await presenceStatus(await findTarget(), flags, terminal)));

  presence
    .command('cleanup')
    .description(
      'put everyone offline whose last sign of life is before now, after a restart or against ghosts',
    )
    .option(...dryRun)
    .option(...yes)
    .option(...backup)
    .option(...json)
    .action(async (flags: Flags) =>
      terminal.exit(await presenceCleanup(await findTarget(), flags, terminal)),
    );

  presence
    .command('stale')
    .description('put users offline who are flagged online and have shown no sign of life for a while')
    .option('--minutes <n>', 'silent for at least so many minutes', '30')
    .option(...dryRun)
    .option(...yes)
    .option(...backup)
    .option('--scheduled', 'stay, do not ask, and do it again and again')
    .option(
      '--interval <n>',
      `minutes between two rounds of --scheduled (default: ${DEFAULT_INTERVAL_MINUTES})`,
    )
    .option(...json)
    .action(async (flags: Flags) => {
      const minutes = wholeMinutes('--minutes', flags.minutes ?? '');
      const everyMinutes = intervalOf(flags);
      terminal.exit(await presenceStale({ ...flags, minutes, everyMinutes }, terminal));
    });

  presence
    .command('test')
    .description('connections, schema of users, operations, indexes, a simulated update, timings')
    .option(...json)
    .action(async (flags: Flags) => terminal.exit(await presenceTest(await findTarget(), flags, terminal)));

  presence
    .command('restore <file>')
    .description('put back what a cleanup or stale has changed, from its --backup')
    .option(...dryRun)
    .option(...yes)
    .option(...json)
    .action(async (file: string, flags: Flags) =>
      terminal.exit(await presenceRestore(file, flags, terminal)),
    );

  presence
    .command('help')
    .description('recipes and precautions')
    .option(...json)
    .action((flags: Flags) =>
      terminal.print(flags.json ? JSON.stringify({ help: PRESENCE_HELP }) : PRESENCE_HELP),
    );
}

function wholeMinutes(flag: string, text: string): number {
  const value = Number(text);
  if (/^\d{1,4}$/.test(text) && value >= 1 && value <= MAX_THRESHOLD_MINUTES) return value;
  throw new UsageError(
    `${flag} ${JSON.stringify(text)} is not legal; give whole minutes from 1 to ${MAX_THRESHOLD_MINUTES}, such as ${flag} 60.`,
  );
}

/** Null where it is to be done once. */
function intervalOf({ scheduled, interval, backup }: Flags): number | null {
  if (!scheduled) {
    if (interval !== undefined)
      throw new UsageError(
        '--interval goes with --scheduled; legal alone: --minutes, --dry-run, --yes, --backup, --json.',
      );
    return null;
  }
  if (backup !== undefined)
    throw new UsageError(
      '--backup is for one round; legal with --scheduled: --interval, --minutes, --dry-run, --yes, --json.',
    );
  return interval === undefined ? DEFAULT_INTERVAL_MINUTES : wholeMinutes('--interval', interval);
}
