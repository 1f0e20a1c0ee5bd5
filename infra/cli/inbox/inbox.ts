import type { Command } from 'commander';
import { findTarget } from '../target.ts';
import type { Terminal } from '../terminal.ts';
import { type AddFlags, addMailbox } from './add.ts';
import { listMailboxes, type MailboxFlags, retryMessage, syncMailbox, testMailbox } from './mailboxes.ts';
import { type RemoveFlags, removeMailbox } from './remove.ts';

/** Adds `ronde inbox ...`: list, add, test, sync and remove mailboxes, and retry a message. */
export function addInbox(program: Command, terminal: Terminal): void {
  const inbox = program
    .command('inbox')
    .description('mailboxes: list, add, test, synchronise now, remove, retry a message')
    .showHelpAfterError();
  const json = ['--json', 'print the answer as JSON'] as const;

  inbox
    .command('list')
    .description('list every mailbox with its health and its next attempt')
    .option(...json)
    .action(async (flags: MailboxFlags) =>
      terminal.exit(await listMailboxes(await findTarget(), flags, terminal)),
    );

  inbox
    .command('add')
    .description('add a mailbox; the password comes from standard input, so that no process list shows it')
    .requiredOption('--org <id>', 'the organisation that owns the mailbox')
    .requiredOption('--host <name>', 'the IMAP server')
    .requiredOption('--user <name>', 'the account')
    .option('--port <number>', 'the port of the server: 993 with TLS, 143 with STARTTLS', '993')
    .option('--starttls', 'connect in plain text, then require TLS')
    .option('--folder <name>', 'a folder to synchronise, repeatable; INBOX if none is given', collect, [])
    .option('--label <text>', 'a name for people', '')
    .option(
      '--secret-ref <name>',
      'the secret in Secret Manager that holds the password; its name begins with inbox-',
    )
    .option(
      '--oauth',
      'sign in with XOAUTH2: pipe in a JSON object with the refresh token instead of a password',
    )
    .option('--notify <address>', 'the address to notify when the server rejects the login')
    .option(...json)
    .action(async (flags: AddFlags) => terminal.exit(await addMailbox(await findTarget(), flags, terminal)));

  inbox
    .command('test <id>')
    .description('sign in and list the capabilities and folders of the server; changes nothing')
    .option(...json)
    .action(async (id: string, flags: MailboxFlags) =>
      terminal.exit(await testMailbox(await findTarget(), id, flags, terminal)),
    );

  inbox
    .command('sync <id>')
    .description('synchronise one mailbox now')
    .option(...json)
    .action(async (id: string, flags: MailboxFlags) =>
      terminal.exit(await syncMailbox(await findTarget(), id, flags, terminal)),
    );

  inbox
    .command('remove <id>')
    .description('delete a mailbox and its stored mail; the mail on the server stays')
    .option('--keep-mail', 'keep the stored mail')
    .option('--yes', 'do not ask')
    .option(...json)
    .action(async (id: string, flags: RemoveFlags) =>
      terminal.exit(await removeMailbox(await findTarget(), id, flags, terminal)),
    );

  inbox
    .command('retry <message>')
    .description('ask the server again for a message in quarantine')
    .option(...json)
    .action(async (id: string, flags: MailboxFlags) =>
      terminal.exit(await retryMessage(await findTarget(), id, flags, terminal)),
    );
}

const collect = (value: string, all: string[]) => [...all, value];
