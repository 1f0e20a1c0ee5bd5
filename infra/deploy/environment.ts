import { loadConfig } from '../../shared/doors/config.ts';
import type { ScheduledFunction } from '../scheduler/parse.ts';
import { suggest } from '../scheduler/problems.ts';
import { functionUrls } from './addresses.ts';
import { VARIABLES, variablesOf } from './variables.ts';

/** What stands for a secret while the rest is checked; its real value stays in Secret Manager. */
const PLACEHOLDER = 'kept-in-secret-manager'.padEnd(64, '-');

/** Where the caller keeps the plain variables. */
const FILE = '.env.production';

export interface Place {
  project: string;
  /** The project's number, a part of the run.app addresses. */
  number: string;
  region: string;
  schedulerAccount: string;
  /** Who the console calls the tasks as. */
  consoleAccount: string;
  /** Who Cloud Tasks calls those that fan out as. */
  tasksAccount: string;
}

/** The plain variables of one function, from the caller's environment and from what deploying knows. */
export function environmentOf(
  entry: ScheduledFunction,
  place: Place,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const { project, number, region } = place;
  // Its own addresses only: a token that one function was shown opens no other.
  const urls = functionUrls(project, number, region, entry.name);
  const fansOut = entry.fan_out !== undefined;
  const callers = [place.consoleAccount, ...(fansOut ? [place.tasksAccount] : [])];
  const known: Record<string, string> = {
    GOOGLE_CLOUD_PROJECT: project,
    REGION: region,
    FUNCTION_URLS: [...urls, ...(env.PUBLIC_URL ? [env.PUBLIC_URL] : [])].join(','),
    SCHEDULER_SERVICE_ACCOUNT: place.schedulerAccount,
    SERVICE_ACCOUNTS: [...listed(env.SERVICE_ACCOUNTS), ...callers].join(','),
    TASKS_QUEUE: fansOut ? entry.name : '',
    TASKS_SERVICE_ACCOUNT: fansOut ? place.tasksAccount : '',
  };
  const plain = Object.fromEntries(
    variablesOf(entry.name, entry.task)
      .filter(({ secret }) => !secret)
      .map(({ name, computed }): [string, string] => [name, (computed ? known[name] : env[name]) ?? ''])
      .filter(([, value]) => value !== ''),
  );
  return { ...plain, ...nodeOptions(entry) };
}

/** What Node itself is told, where infra/scheduler.yaml says so. */
export const nodeOptions = ({ semi_space_mib: mib }: ScheduledFunction): Record<string, string> =>
  mib === undefined ? {} : { NODE_OPTIONS: `--max-semi-space-size=${mib}` };

const listed = (text = '') => text.split(',').filter((entry) => entry.trim() !== '');

/** Everything wrong with what a function would be started with, one line each; no value is ever shown. */
export function environmentFaults(entry: ScheduledFunction, plain: Record<string, string>): string[] {
  const faults: string[] = [];
  for (const variable of Object.keys(entry.secrets)) {
    const found = VARIABLES.find(({ name }) => name === variable);
    const known = VARIABLES.map(({ name }) => name);
    if (!found) faults.push(`${variable} is under secrets and nothing reads it${suggest(variable, known)}`);
    else if (!found.secret)
      faults.push(`${variable} is under secrets and is none; set it in ${FILE} instead`);
  }
  if (!entry.task && !plain.AUTH_ISSUER)
    faults.push(`AUTH_ISSUER is not set and nobody could sign in; set it in ${FILE}`);
  if (/^https?:\/\/[^/]*@/.test(plain.UPSTASH_REDIS_REST_URL ?? ''))
    faults.push('UPSTASH_REDIS_REST_URL has a password in it; only UPSTASH_REDIS_REST_TOKEN is kept secret');
  return [...faults, ...refusals(entry, plain)];
}

/** What the function itself would refuse at its start, told before it is deployed. */
function refusals(entry: ScheduledFunction, plain: Record<string, string>): string[] {
  const secrets = Object.keys(entry.secrets).map((name): [string, string] => [name, PLACEHOLDER]);
  try {
    loadConfig({ ...plain, ...Object.fromEntries(secrets), K_SERVICE: entry.name });
    return [];
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).split('\n');
    return lines.filter((line) => line.startsWith('  - ')).map((line) => placed(line.slice('  - '.length)));
  }
}

/** A fault of the environment with the place where the variable belongs. */
function placed(fault: string): string {
  const secret = VARIABLES.find(({ name }) => fault.startsWith(`${name} `))?.secret;
  return `${fault} (${secret ? 'named under secrets in infra/scheduler.yaml' : `in ${FILE}`})`;
}
