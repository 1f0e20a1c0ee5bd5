import type { Command } from 'commander';
import { findTarget } from '../target.ts';
import type { Terminal } from '../terminal.ts';
import { alertsCheck } from './check.ts';
import { alertsTestEmail } from './test-email.ts';
import { alertsTicket } from './ticket.ts';

interface Flags {
  dryRun?: true;
  force?: true;
  locale?: string;
  json?: true;
}

/** `ronde alerts ...`: tickets that are stuck in a stage, and whoever is told of them. */
export function addAlerts(program: Command, terminal: Terminal): void {
  const alerts = program
    .command('alerts')
    .description('tickets stuck in a stage: check now, try the mail, ask why')
    .showHelpAfterError();
  const json = ['--json', 'print the answer as JSON'] as const;

  alerts
    .command('check')
    .description('run check-delay-alerts once and print each ticket with each recipient')
    .option('--dry-run', 'show what would be sent; nothing is written or sent')
    .option('--force', 'send although an alert went within repeat_hours; what is not late is still not sent')
    .option(...json)
    .action(async (flags: Flags) => terminal.exit(await alertsCheck(await findTarget(), flags, terminal)));

  alerts
    .command('test-email <address>')
    .description('send one test mail and tell how the dialogue with the mail server went')
    .option('--locale <fr|en>', 'the language of the mail', 'en')
    .option(...json)
    .action(async (address: string, flags: Flags) =>
      terminal.exit(await alertsTestEmail(address, flags, terminal)),
    );

  alerts
    .command('ticket <id>')
    .description('its time in the stage, from what, why it is late or not, and the last alerts about it')
    .option(...json)
    .action(async (id: string, flags: Flags) => terminal.exit(await alertsTicket(id, flags, terminal)));
}
