import { VARIABLES } from '../deploy/variables.ts';
import type { Preference } from './programs.ts';

/** Reads the settings of the local cloud from the environment. Throws one line that names a wrong value. */
export function localSettings(env: NodeJS.ProcessEnv = process.env) {
  return {
    port: portOf(env.PORT ?? '8080'),
    prefer: preferenceOf(env.RONDE_ENGINES ?? ''),
    firing: env.RONDE_CLOCK !== 'off',
    demo: env.RONDE_DEMO !== '0',
    cronSecret: env.CRON_SECRET,
    tasksQueue: env.TASKS_QUEUE,
    /** True if npm is the parent of this process. */
    underNpm: env.npm_lifecycle_event !== undefined,
  };
}

/** Variables of the product that the local cloud takes from the environment. */
const TAKEN = ['CRON_SECRET', 'TASKS_QUEUE'];

/** Returns a line about the variables that are set and have no effect, or null: the local cloud has its own services. */
export function describeOverridden(env: NodeJS.ProcessEnv = process.env): string | null {
  const names = VARIABLES.map(({ name }) => name).filter((name) => env[name] && !TAKEN.includes(name));
  return names.length === 0
    ? null
    : `Without effect here, where all services are local: ${names.join(', ')} (.env or the shell)`;
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(
    `PORT is ${JSON.stringify(text)}; it must be a whole number from 0 (any free one) to 65535.`,
  );
}

function preferenceOf(text: string): Preference {
  if (text === '') return 'auto';
  if (text === 'real' || text === 'embedded' || text === 'auto') return text;
  throw new Error(`RONDE_ENGINES is ${JSON.stringify(text)}; it must be real, embedded or auto.`);
}
