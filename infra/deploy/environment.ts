import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseEnv } from 'node:util';
import { loadConfig } from '../../shared/doors/config.ts';
import type { ScheduledFunction } from '../scheduler/parse.ts';
import { suggest } from '../scheduler/problems.ts';
import { listFunctionUrls } from './addresses.ts';
import { listVariables, VARIABLES } from './variables.ts';

/** Replaces a secret while the variables are checked; the value itself stays in Secret Manager. */
const PLACEHOLDER = 'kept-in-secret-manager'.padEnd(64, '-');

/** The file with the operator's plain variables. */
const FILE = '.env.production';

export interface DeployPlace {
  project: string;
  /** The number of the project, a part of the run.app addresses. */
  number: string;
  region: string;
  /** Stands before each deployed name. */
  prefix: string;
  schedulerAccount: string;
  /** The account as which the console calls tasks. */
  consoleAccount: string;
  /** The account as which Cloud Tasks calls tasks that fan out. */
  tasksAccount: string;
}

/** Builds the plain variables of one function from the operator's environment and the deployment. */
export function buildEnvironment(
  entry: ScheduledFunction,
  place: DeployPlace,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const { project, number, region, prefix } = place;
  // Only the addresses of this function, so that a token for one function does not open another.
  const urls = listFunctionUrls(project, number, region, prefix + entry.name);
  const fansOut = entry.fan_out !== undefined;
  const callers = [place.consoleAccount, ...(fansOut ? [place.tasksAccount] : [])];
  const known: Record<string, string> = {
    GOOGLE_CLOUD_PROJECT: project,
    REGION: region,
    FUNCTION_URLS: [...urls, ...(env.PUBLIC_URL ? [env.PUBLIC_URL] : [])].join(','),
    SCHEDULER_SERVICE_ACCOUNT: place.schedulerAccount,
    SERVICE_ACCOUNTS: [...splitList(env.SERVICE_ACCOUNTS), ...callers].join(','),
    NAME_PREFIX: prefix,
    TASKS_QUEUE: fansOut ? prefix + entry.name : '',
    TASKS_SERVICE_ACCOUNT: fansOut ? place.tasksAccount : '',
  };
  const plain = Object.fromEntries(
    listVariables(entry.name, entry.task)
      .filter(({ secret }) => !secret)
      .map(({ name, computed }): [string, string] => [name, (computed ? known[name] : env[name]) ?? ''])
      .filter(([, value]) => value !== ''),
  );
  return { ...plain, ...nodeOptions(entry) };
}

/** Returns NODE_OPTIONS if infra/scheduler.yaml sets semi_space_mib. */
export const nodeOptions = ({ semi_space_mib: mib }: ScheduledFunction): Record<string, string> =>
  mib === undefined ? {} : { NODE_OPTIONS: `--max-semi-space-size=${mib}` };

const splitList = (text = '') => text.split(',').filter((entry) => entry.trim() !== '');

/** Returns the faults of a function's variables, one line each, without any value. */
export function findEnvironmentFaults(entry: ScheduledFunction, plain: Record<string, string>): string[] {
  const faults: string[] = [];
  for (const variable of Object.keys(entry.secrets)) {
    const found = VARIABLES.find(({ name }) => name === variable);
    const known = VARIABLES.map(({ name }) => name);
    if (!found) faults.push(`${variable} is under secrets and nothing reads it${suggest(variable, known)}`);
    else if (!found.secret)
      faults.push(`${variable} is under secrets but is not a secret; set it in ${FILE} instead`);
  }
  if (!entry.task && !plain.AUTH_ISSUER)
    faults.push(`AUTH_ISSUER is not set, so nobody could sign in; set it in ${FILE}`);
  if (/^https?:\/\/[^/]*@/.test(plain.UPSTASH_REDIS_REST_URL ?? ''))
    faults.push(
      'UPSTASH_REDIS_REST_URL contains a password, which would not stay secret; put it in UPSTASH_REDIS_REST_TOKEN',
    );
  return [...faults, ...findConfigFaults(entry, plain)];
}

/** Returns the faults for which the function itself would refuse to start. */
function findConfigFaults(entry: ScheduledFunction, plain: Record<string, string>): string[] {
  const secrets = Object.keys(entry.secrets).map((name): [string, string] => [name, PLACEHOLDER]);
  try {
    loadConfig({ ...plain, ...Object.fromEntries(secrets), K_SERVICE: entry.name });
    return [];
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).split('\n');
    return lines.filter((line) => line.startsWith('  - ')).map((line) => addPlace(line.slice('  - '.length)));
  }
}

/** Appends to a fault the place where its variable belongs. */
function addPlace(fault: string): string {
  const secret = VARIABLES.find(({ name }) => fault.startsWith(`${name} `))?.secret;
  return `${fault} (${secret ? 'named under secrets in infra/scheduler.yaml' : `in ${FILE}`})`;
}

/** Variables of deploy.sh itself, which no function reads. */
const OWN = ['GOOGLE_CLOUD_PROJECT', 'REGION', 'SCHEDULER_SERVICE_ACCOUNT', 'FUNCTIONS_SERVICE_ACCOUNT'];

/** Returns a line for each variable of the operator's file that deploys nowhere, without its value. */
export function findUnusedVariables(path: string): string[] {
  if (!existsSync(path)) return [];
  const file = basename(path);
  return Object.entries(parseEnv(readFileSync(path, 'utf8'))).flatMap(([name, value]) => {
    const known = VARIABLES.find((variable) => variable.name === name);
    if (!value || OWN.includes(name) || (known && !known.secret)) return [];
    if (known)
      return [
        `${name} in ${file} is not used: it is a secret; keep it in Secret Manager and delete the line`,
      ];
    if (name === 'EMAIL_BACKEND')
      return [`EMAIL_BACKEND in ${file} is ignored: mail goes out by SMTP, see EMAIL_HOST`];
    return name.endsWith('_SERVICE_ACCOUNT') ? [] : [`${name} in ${file} is not used by any function`];
  });
}
