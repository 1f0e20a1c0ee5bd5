import type { Command } from 'commander';
import { readSchedule } from '../../scheduler/file.ts';
import type { ScheduledJob } from '../../scheduler/parse.ts';
import { UsageError } from '../usage-error.ts';
import { toCrontab, toSystemdScript } from './recipes.ts';

const KINDS: Record<string, (jobs: readonly ScheduledJob[], url: string) => string> = {
  crontab: toCrontab,
  systemd: toSystemdScript,
};

/** Adds `ronde recipe`: what calls the tasks on a machine without Cloud Scheduler. */
export function addRecipe(program: Command, print: (text: string) => void): void {
  program
    .command('recipe <kind>')
    .description('print a crontab, or a script that installs timers of systemd, from infra/scheduler.yaml')
    .requiredOption('--url <address>', 'the address of the deployed functions, such as https://HOST')
    .action((kind: string, { url }: { url: string }) => {
      const toText = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
      if (!toText)
        throw new UsageError(`There is no recipe "${kind}"; legal: ${Object.keys(KINDS).join(', ')}.`);
      if (!/^https?:\/\/[A-Za-z0-9.:-]+\/?$/.test(url))
        throw new UsageError(`--url ${url} is not an address such as https://HOST, without a path.`);
      // A paused job stays out until the file resumes it.
      const jobs = readSchedule().jobs.filter(({ paused }) => !paused);
      print(toText(jobs, url.replace(/\/$/, '')));
    });
}
