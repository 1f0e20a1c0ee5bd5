#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { loadDotEnv } from '../../shared/doors/config.ts';
import { PROGRAM_HELP } from './help.ts';
import { addProjectOptions, nameProject } from './named-project.ts';
import { findSwallowed } from './swallowed.ts';
import { UsageError } from './usage-error.ts';

/** Gives 64 hexadecimal characters, like `openssl rand -hex 32`. */
const SECRET_BYTES = 32;

const { version: VERSION } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

const print = (line: string) => process.stdout.write(`${line}\n`);

const program = new Command('ronde')
  .description('Runs and inspects the tasks: of the local cloud if one is up, else of the deployed project.')
  .version(VERSION, '-V, --version', 'print the version')
  .addHelpText('after', PROGRAM_HELP)
  .showHelpAfterError('(ronde --help lists the commands, ronde COMMAND --help its options)')
  .exitOverride()
  .hook('preAction', (_program, command) => nameProject(command.opts()))
  .configureOutput({ outputError: (text, write) => write(text) });

program
  .command('secret')
  .description('make a new secret for CRON_SECRET, LINK_KEY or INBOX_SEALING_KEY')
  .command('generate')
  .description('print a new random secret of 64 characters')
  .option('--json', 'print it as a JSON object')
  .action((options: { json?: true }) => {
    const secret = randomBytes(SECRET_BYTES).toString('hex');
    print(options.json ? JSON.stringify({ secret }) : secret);
  });

const terminal = {
  print,
  exit: (code: number) => {
    process.exitCode = code;
  },
};

const addRunAndLoop = async () => (await import('./task-commands.ts')).addTaskCommands(program, print);

/** The groups of commands. Only the one that is called is loaded, so that it starts fast; help loads all. */
const GROUPS: Readonly<Record<string, () => Promise<void>>> = {
  run: addRunAndLoop,
  loop: addRunAndLoop,
  presence: async () => (await import('./presence/presence.ts')).addPresence(program, terminal),
  alerts: async () => (await import('./alerts/alerts.ts')).addAlerts(program, terminal),
  doctor: async () => (await import('./doctor/doctor.ts')).addDoctor(program, terminal),
  followups: async () => (await import('./followups/followups.ts')).addFollowups(program, terminal),
  inbox: async () => (await import('./inbox/inbox.ts')).addInbox(program, terminal),
  mail: async () => (await import('./mail/mail.ts')).addMail(program, terminal),
  import: async () => (await import('./import/import.ts')).addImport(program, terminal),
  erase: async () => (await import('./erase/erase.ts')).addErase(program, terminal),
  retention: async () => (await import('./retention/retention.ts')).addRetention(program, terminal),
  routes: async () => (await import('./routes.ts')).addRoutes(program, print),
  recipe: async () => (await import('./recipe/recipe.ts')).addRecipe(program, print),
  scheduler: async () => (await import('./scheduler/scheduler.ts')).addSchedulerCommands(program),
  completion: async () => (await import('./completion.ts')).addCompletion(program, print, loadAll),
};

const isLoaded = (name: string) => program.commands.some((command) => command.name() === name);

/** Loads the group of the called command; all of them for help. */
async function loadCommands(called: string | undefined): Promise<void> {
  if (called === undefined || !Object.hasOwn(GROUPS, called))
    return isLoaded(called ?? '') ? undefined : loadAll();
  await GROUPS[called]?.();
  addProjectOptions(program);
}

async function loadAll(): Promise<void> {
  for (const [name, load] of Object.entries(GROUPS)) if (!isLoaded(name)) await load();
  addProjectOptions(program);
}

/** Exit codes: 0 done, 1 failed, 2 wrong usage, 3 drift. */
async function main(): Promise<void> {
  // The reader has closed the pipe, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const swallowed = findSwallowed(process.env, process.argv.slice(2));
  if (swallowed) {
    process.stderr.write(`${swallowed}\n`);
    process.exitCode = 2;
    return;
  }
  loadDotEnv();
  try {
    await loadCommands(process.argv[2]);
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

await main();
