import type { Command } from 'commander';
import { findTaskTarget } from '../target.ts';
import type { Terminal } from '../terminal.ts';
import { checkAlerts } from './check.ts';
import { sendTestEmail } from './test-email.ts';
import { explainTicket } from './ticket.ts';

interface AlertFlags {
  dryRun?: true;
  force?: true;
  locale?: string;
  json?: true;
}

/** Adds `ronde alerts ...`: tickets that are stuck in a stage, and the mails about them. */
export function addAlerts(program: Command, terminal: Terminal): void {
  const alerts = program
    .command('alerts')
    .description('tickets stuck in a stage: check now, test the mail, ask why')
    .showHelpAfterError();
  const json = ['--json', 'print the answer as JSON'] as const;

  alerts
    .command('check')
    .description('run check-delay-alerts once and print each ticket with each recipient')
    .option('--dry-run', 'show what the run would send; writes and sends nothing')
    .option('--force', 'ignore repeat_hours; tickets that are not late still cause no mail')
    .option(...json)
    .action(async (flags: AlertFlags) =>
      terminal.exit(await checkAlerts(await findTaskTarget({ name: 'check-delay-alerts' }), flags, terminal)),
    );

  alerts
    .command('test-email <address>')
    .description('send one test mail and print how the mail server answers')
    .option('--locale <fr|en>', 'the language of the mail', 'en')
    .option(...json)
    .action(async (address: string, flags: AlertFlags) =>
      terminal.exit(await sendTestEmail(address, flags, terminal)),
    );

  alerts
    .command('ticket <ticket>')
    .description(
      'of a ticket by its id or number: print its time in the stage, why it is late or not, and the last alerts about it',
    )
    .option(...json)
    .action(async (id: string, flags: AlertFlags) => terminal.exit(await explainTicket(id, flags, terminal)));
}
