#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { loadDotEnv } from '../../shared/doors/config.ts';
import { addAlerts } from './alerts/alerts.ts';
import { describeCandidates } from './candidates.ts';
import { addDoctor } from './doctor/doctor.ts';
import { addErase } from './erase/erase.ts';
import { addFollowups } from './followups/followups.ts';
import { PROGRAM_HELP, TASKS_HELP } from './help.ts';
import { addImport } from './import/import.ts';
import { addInbox } from './inbox/inbox.ts';
import { loop, parseEvery } from './loop.ts';
import { addPresence } from './presence/presence.ts';
import { addRecipe } from './recipe/recipe.ts';
import { addRetention } from './retention/retention.ts';
import { addRoutes } from './routes.ts';
import { callTask, describeAnswer, findTask, parsePairs, UsageError } from './run-task.ts';
import { addSchedulerCommands } from './scheduler/scheduler.ts';
import { findSwallowed } from './swallowed.ts';
import { findTaskTarget } from './target.ts';

/** Gives 64 hexadecimal characters, like `openssl rand -hex 32`. */
const SECRET_BYTES = 32;

/** The status of a task's answer to unknown or illegal parameters. */
const BAD_PARAMETERS = 400;

const { version: VERSION } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

const print = (line: string) => process.stdout.write(`${line}\n`);

interface RunOptions {
  dryRun?: true;
  force?: true;
  param: string[];
  json?: true;
}

const collect = (value: string, all: string[]) => [...all, value];

const program = new Command('ronde')
  .description('Runs and inspects the tasks: of the local cloud if one is up, else of the deployed project.')
  .version(VERSION, '-V, --version', 'print the version')
  .addHelpText('after', PROGRAM_HELP)
  .showHelpAfterError('(ronde --help lists the commands, ronde COMMAND --help its options)')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text) });

program
  .command('run <task>')
  .description('run a task once and print what it did')
  .option('--dry-run', 'show what the run would do; writes nothing')
  .option('--force', 'pass force=true to a task that accepts it')
  .option('--param <name=value>', 'a parameter of the task, repeatable', collect, [])
  .option('--json', "print the task's answer as JSON")
  .addHelpText('after', TASKS_HELP)
  .action(async (name: string, options: RunOptions) => {
    const task = findTask(name);
    const params = {
      ...parsePairs(options.param),
      ...(options.dryRun ? { dry_run: true } : {}),
      ...(options.force ? { force: true } : {}),
    };
    const answer = await callTask(task, params, await findTaskTarget(task));
    if (options.json) print(JSON.stringify(answer.body, null, 2));
    else for (const line of [...describeCandidates(answer.body), describeAnswer(answer)]) print(line);
    if (answer.status !== 200) process.exitCode = answer.status === BAD_PARAMETERS ? 2 : 1;
  });

program
  .command('loop <task>')
  .description('run a task repeatedly, for development without a scheduler')
  .option('--every <time>', 'time between two runs, such as 90s, 15m or 1h', '15m')
  .option('--json', 'print each line as a JSON object')
  .addHelpText('after', TASKS_HELP)
  .action(async (name: string, options: { every: string; json?: true }) => {
    const task = findTask(name);
    const stopping = new AbortController();
    process.once('SIGINT', () => stopping.abort());
    process.once('SIGTERM', () => stopping.abort());
    const printLine = (line: string) =>
      print(options.json ? JSON.stringify({ task: task.name, line }) : line);
    await loop(task, {
      everyMs: parseEvery(options.every),
      signal: stopping.signal,
      findTarget: () => findTaskTarget(task),
      print: printLine,
    });
  });

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
addPresence(program, terminal);
addAlerts(program, terminal);
addDoctor(program, terminal);
addFollowups(program, terminal);
addInbox(program, terminal);
addImport(program, terminal);
addErase(program, terminal);
addRetention(program, terminal);
addRoutes(program, print);
addRecipe(program, print);
addSchedulerCommands(program);

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
