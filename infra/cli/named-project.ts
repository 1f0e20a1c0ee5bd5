import { existsSync } from 'node:fs';
import type { Command } from 'commander';

const STACK_FILE = '.local/stack.json';
/** Is set while --project names the project: then neither a local cloud nor RONDE_URL is called. */
const IS_NAMED = 'RONDE_PROJECT_IS_NAMED';
/** Commands that call nothing. */
const OFFLINE: readonly string[] = ['secret', 'completion', 'routes', 'recipe', 'simulate'];

/** Returns the file of the local cloud, or null if none runs in this folder or --project names a project. */
export const findStackFile = (env: NodeJS.ProcessEnv): string | null =>
  env[IS_NAMED] || !existsSync(STACK_FILE) ? null : STACK_FILE;

/** Gives every command that calls something --project and --region, which stand before the environment's. */
export function addProjectOptions(program: Command): void {
  for (const command of program.commands) {
    if (OFFLINE.includes(command.name())) continue;
    if (command.commands.length > 0) {
      addProjectOptions(command);
      continue;
    }
    command
      .option('--project <id>', 'the Google Cloud project; without it the local cloud, if one is up')
      .option('--region <name>', 'the region of its functions and jobs');
  }
}

/** Puts the project and region of the flags into the environment, before a command reads it. */
export function nameProject({ project, region }: { project?: string; region?: string }): void {
  if (project !== undefined) {
    process.env.GOOGLE_CLOUD_PROJECT = project;
    process.env[IS_NAMED] = '1';
    delete process.env.RONDE_URL;
  }
  if (region !== undefined) process.env.REGION = region;
}
