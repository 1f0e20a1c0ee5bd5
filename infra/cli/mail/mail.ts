import type { Command } from 'commander';
import { findTarget } from '../target.ts';
import type { Terminal } from '../terminal.ts';
import {
  type AccountFlags,
  type AddFlags,
  addAccount,
  listAccounts,
  removeAccount,
  testAccount,
} from './accounts.ts';

/** Adds `ronde mail ...`: list, add, test and remove the accounts of outgoing mail. */
export function addMail(program: Command, terminal: Terminal): void {
  const mail = program
    .command('mail')
    .description('accounts of outgoing mail: list, add, test, remove')
    .showHelpAfterError();
  const json = ['--json', 'print the answer as JSON'] as const;

  mail
    .command('list')
    .description('list every mail account with its health; default is the account of EMAIL_*')
    .option(...json)
    .action(async (flags: AccountFlags) =>
      terminal.exit(await listAccounts(await findTarget(), flags, terminal)),
    );

  mail
    .command('add')
    .description('add an organisation’s account and try it; the password comes from standard input')
    .requiredOption('--org <id>', 'the organisation whose reminders it sends')
    .requiredOption('--host <name>', 'the SMTP server')
    .requiredOption('--user <name>', 'the account')
    .option('--port <number>', 'the port of the server; 587 with STARTTLS, 465 with --tls')
    .option('--tls', 'TLS from the first byte instead of STARTTLS')
    .option('--address <address>', 'the address that mails come from, if the user is none')
    .option('--domain <name>', 'a domain that the account may send for, repeatable', collect, [])
    .option('--max-connections <number>', 'connections at a time')
    .option('--per-minute <number>', 'mails per minute')
    .option('--label <text>', 'a name for people', '')
    .option(
      '--secret-ref <name>',
      'the secret in Secret Manager that holds the password; its name begins with mail-',
    )
    .option(
      '--oauth',
      'sign in with XOAUTH2: pipe in a JSON object with client_id, client_secret, token_url and refresh_token (without it the app signs in by itself)',
    )
    .option(...json)
    .action(async (flags: AddFlags) => terminal.exit(await addAccount(await findTarget(), flags, terminal)));

  mail
    .command('test <id>')
    .description('sign in and send nothing; default is the account of EMAIL_*')
    .option(...json)
    .action(async (id: string, flags: AccountFlags) =>
      terminal.exit(await testAccount(await findTarget(), id, flags, terminal)),
    );

  mail
    .command('remove <id>')
    .description('delete an account; its organisation then sends by the default account')
    .option(...json)
    .action(async (id: string, flags: AccountFlags) =>
      terminal.exit(await removeAccount(await findTarget(), id, flags, terminal)),
    );
}

const collect = (value: string, all: string[]) => [...all, value];
