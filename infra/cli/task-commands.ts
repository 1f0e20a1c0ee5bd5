import type { Command } from 'commander';
import { tasks } from '../../functions/tasks.ts';
import { describeCandidates } from './candidates.ts';
import { loop, parseEvery } from './loop.ts';
import { callTask, describeAnswer, findTask, parsePairs } from './run-task.ts';
import { findTaskTarget } from './target.ts';

/** The text below the options of `run` and `loop`. */
const TASKS_HELP = `
Tasks
${tasks.map(({ name }) => `  ${name}`).join('\n')}`;

/** The status of a task's answer to unknown or illegal parameters. */
const BAD_PARAMETERS = 400;

interface RunOptions {
  dryRun?: true;
  force?: true;
  param: string[];
  json?: true;
}

const collect = (value: string, all: string[]) => [...all, value];

/** Adds `ronde run` and `ronde loop`. */
export function addTaskCommands(program: Command, print: (line: string) => void): void {
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
}
