import type { Command } from 'commander';
import { findTarget } from '../target.ts';
import type { Terminal } from '../terminal.ts';
import { type AddFlags, inboxAdd } from './add.ts';
import { inboxList, inboxSync, inboxTest } from './look.ts';

interface Flags {
  json?: true;
}

/** `ronde inbox ...`: the mailboxes that are synchronised. */
export function addInbox(program: Command, terminal: Terminal): void {
  const inbox = program
    .command('inbox')
    .description('mailboxes: list, add, try, synchronise now')
    .showHelpAfterError();
  const json = ['--json', 'print the answer as JSON'] as const;

  inbox
    .command('list')
    .description('every mailbox with its health and its next attempt')
    .option(...json)
    .action(async (flags: Flags) => terminal.exit(await inboxList(await findTarget(), flags, terminal)));

  inbox
    .command('add')
    .description(
      'add a mailbox; its password is read from standard input, so that no list of processes shows it',
    )
    .requiredOption('--org <id>', 'the organisation whose mail it is')
    .requiredOption('--host <name>', 'the IMAP server')
    .requiredOption('--user <name>', 'the account')
    .option('--port <number>', 'its port; 993 with TLS, 143 with STARTTLS', '993')
    .option('--starttls', 'begin in plain text and demand TLS then')
    .option('--folder <name>', 'a folder, repeatable; INBOX where none is given', collect, [])
    .option('--label <text>', 'what people call it', '')
    .option(
      '--secret-ref <name>',
      'the secret of Secret Manager that holds the password; its name begins with inbox-',
    )
    .option(
      '--oauth',
      'sign in with XOAUTH2: a JSON object with the refresh token is piped in instead of a password',
    )
    .option('--notify <address>', 'who is told when the login is refused')
    .option(...json)
    .action(async (flags: AddFlags) => terminal.exit(await inboxAdd(await findTarget(), flags, terminal)));

  inbox
    .command('test <id>')
    .description('sign in and show what the server can and which folders there are; nothing is changed')
    .option(...json)
    .action(async (id: string, flags: Flags) =>
      terminal.exit(await inboxTest(await findTarget(), id, flags, terminal)),
    );

  inbox
    .command('sync <id>')
    .description('synchronise one mailbox now')
    .option(...json)
    .action(async (id: string, flags: Flags) =>
      terminal.exit(await inboxSync(await findTarget(), id, flags, terminal)),
    );
}

const collect = (value: string, all: string[]) => [...all, value];
