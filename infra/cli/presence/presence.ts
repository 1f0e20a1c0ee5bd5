import type { Command } from 'commander';
import { MAX_THRESHOLD_MINUTES } from '../../../shared/domains/presence/limits.ts';
import { findTarget, findTaskTarget } from '../target.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { cleanPresence, cleanStaleSessions } from './clean.ts';
import { PRESENCE_HELP } from './help.ts';
import { restorePresence } from './restore.ts';
import { printPresence, testPresence } from './status.ts';

interface PresenceFlags {
  minutes?: string;
  interval?: string;
  scheduled?: true;
  dryRun?: true;
  yes?: true;
  backup?: string;
  json?: true;
}

const DEFAULT_INTERVAL_MINUTES = 15;

/** Adds `ronde presence ...`, which replaces the single scripts of the original. */
export function addPresence(program: Command, terminal: Terminal): void {
  const presence = program
    .command('presence')
    .description('who is online: inspect, repair, test')
    .helpCommand(false)
    .showHelpAfterError();
  const json = ['--json', 'print the answer as JSON'] as const;
  const dryRun = ['--dry-run', 'show what would change; writes nothing'] as const;
  const yes = ['--yes', 'do not ask'] as const;
  const backup = ['--backup <file>', 'save the users as they were, for `presence restore`'] as const;

  presence
    .command('status')
    .description(
      'compare users flagged online with live keys; show ghosts, stale sessions, stores, last runs',
    )
    .option(...json)
    .action(async (flags: PresenceFlags) =>
      terminal.exit(await printPresence(await findTarget(), flags, terminal)),
    );

  presence
    .command('cleanup')
    .description(
      'put every user offline whose last sign of life is before now, after a restart or against ghosts',
    )
    .option(...dryRun)
    .option(...yes)
    .option(...backup)
    .option(...json)
    .action(async (flags: PresenceFlags) =>
      terminal.exit(await cleanPresence(await findTarget(), flags, terminal)),
    );

  presence
    .command('stale')
    .description('put users offline who are flagged online and have shown no sign of life for a while')
    .option('--minutes <n>', 'silent for at least N minutes', '30')
    .option(...dryRun)
    .option(...yes)
    .option(...backup)
    .option('--scheduled', 'do not ask, and repeat until stopped')
    .option(
      '--interval <n>',
      `minutes between two runs of --scheduled (default: ${DEFAULT_INTERVAL_MINUTES})`,
    )
    .option(...json)
    .action(async (flags: PresenceFlags) => {
      const minutes = parseMinutes('--minutes', flags.minutes ?? '');
      const everyMinutes = readInterval(flags);
      terminal.exit(await cleanStaleSessions({ ...flags, minutes, everyMinutes }, terminal));
    });

  presence
    .command('test')
    .description('test connections, schema of users, operations, indexes, a simulated update, timings')
    .option(...json)
    .action(async (flags: PresenceFlags) =>
      terminal.exit(await testPresence(await findTaskTarget({ name: 'test-presence' }), flags, terminal)),
    );

  presence
    .command('restore <file>')
    .description('restore the users that cleanup or stale has changed, from its --backup')
    .option(...dryRun)
    .option(...yes)
    .option(...json)
    .action(async (file: string, flags: PresenceFlags) =>
      terminal.exit(await restorePresence(file, flags, terminal)),
    );

  presence
    .command('help')
    .description('show recipes and precautions')
    .option(...json)
    .action((flags: PresenceFlags) =>
      terminal.print(flags.json ? JSON.stringify({ help: PRESENCE_HELP }) : PRESENCE_HELP),
    );
}

function parseMinutes(flag: string, text: string): number {
  const value = Number(text);
  if (/^\d{1,4}$/.test(text) && value >= 1 && value <= MAX_THRESHOLD_MINUTES) return value;
  throw new UsageError(
    `${flag} ${JSON.stringify(text)} is not legal; give whole minutes from 1 to ${MAX_THRESHOLD_MINUTES}, such as ${flag} 60.`,
  );
}

/** Returns the minutes between two runs, or null to run once. */
function readInterval({ scheduled, interval, backup }: PresenceFlags): number | null {
  if (!scheduled) {
    if (interval !== undefined)
      throw new UsageError(
        '--interval needs --scheduled; legal without it: --minutes, --dry-run, --yes, --backup, --json.',
      );
    return null;
  }
  if (backup !== undefined)
    throw new UsageError(
      '--backup is for a single run; legal with --scheduled: --interval, --minutes, --dry-run, --yes, --json.',
    );
  return interval === undefined ? DEFAULT_INTERVAL_MINUTES : parseMinutes('--interval', interval);
}
