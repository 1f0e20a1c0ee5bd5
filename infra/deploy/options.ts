import { parseArgs } from 'node:util';

export const USAGE = `Usage: ./deploy.sh [setup|release|destroy] --project ID --region REGION [options]
  setup               once, by an administrator: APIs, accounts, roles, indexes, queues, backups, alert policies
  release             each time: functions, smoke test, schedule; needs the roles in docs/guides/deploying.md
  destroy --only a,b  delete these functions with their jobs and queues; keeps all data
  (neither)           setup, then release
Options
  --only a,b          only these functions
  --env NAME          read .env.NAME; production by default
  --prefix P-         put P- before each name, for a second installation in the same project
  --dry-run           print every command, in order, and change nothing; needs neither network nor login
  --skip-build        deploy dist/ as it is
  --adopt             take over functions, queues, rules and jobs of the same name that bear no mark of Ronde
  --resume            resume the jobs that a person paused
  --no-invoker-check  disable Cloud Run's IAM check; it is done anyway if the organisation forbids allUsers
  --releaser MEMBER   setup: grant the roles of a release, such as serviceAccount:ci@ID.iam.gserviceaccount.com
  --alert-to ADDRESS  setup: mail alert policies to this address; the first of OPERATORS by default
  --budget AMOUNT     setup: a budget alert in the currency of --billing-account ID, such as 20
  --yes               destroy: do not ask`;

export type DeployCommand = 'setup' | 'release' | 'destroy' | 'all';

export interface DeployOptions {
  command: DeployCommand;
  project: string;
  region: string;
  /** The functions to deploy; all if undefined. */
  only: readonly string[] | undefined;
  /** The environment, whose variables are in `.env.NAME`. */
  env: string;
  /** Stands before each deployed name; empty or ending in a hyphen. */
  prefix: string;
  dry: boolean;
  skipBuild: boolean;
  adopt: boolean;
  resume: boolean;
  /** Disables Cloud Run's invoker check instead of granting access to allUsers. */
  closed: boolean;
  releaser: string | undefined;
  alertTo: string | undefined;
  budget: string | undefined;
  billingAccount: string | undefined;
  yes: boolean;
}

/** Wrong usage of deploy.sh; ends with exit code 2. */
export class DeployUsageError extends Error {}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const FLAGS = {
  project: text,
  region: text,
  only: text,
  env: text,
  prefix: text,
  releaser: text,
  'alert-to': text,
  budget: text,
  'billing-account': text,
  'dry-run': flag,
  'skip-build': flag,
  adopt: flag,
  resume: flag,
  'no-invoker-check': flag,
  yes: flag,
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Parses the arguments of deploy.sh. Returns null for --help. Throws DeployUsageError. */
export function parseOptions(args: readonly string[]): DeployOptions | null {
  const { values, positionals } = parseFlags(args);
  if (values.help) return null;
  const [command = 'all', ...more] = positionals;
  if (!isCommand(command) || more.length > 0)
    throw new DeployUsageError(`"${positionals.join(' ')}" is not a command; legal: setup, release, destroy`);
  const { project = '', region = '', env = 'production', prefix = '' } = values;
  for (const [name, pattern, legal] of RULES) {
    const value = { project, region, env, prefix }[name];
    if (!pattern.test(value)) throw new DeployUsageError(`--${name} '${value}' is wrong; legal: ${legal}`);
  }
  const only = values.only?.split(',').map((name) => name.trim());
  if (command === 'destroy' && !only)
    throw new DeployUsageError('destroy needs --only with the functions to delete');
  if (values.budget !== undefined && !values['billing-account'])
    throw new DeployUsageError('--budget needs --billing-account; gcloud billing accounts list shows it');
  return {
    command,
    project,
    region,
    only,
    env,
    prefix,
    dry: values['dry-run'],
    skipBuild: values['skip-build'],
    adopt: values.adopt,
    resume: values.resume,
    closed: values['no-invoker-check'],
    releaser: values.releaser,
    alertTo: values['alert-to'],
    budget: values.budget,
    billingAccount: values['billing-account'],
    yes: values.yes,
  };
}

/** The form of each value. A domain-scoped project, such as example.com:acme, has other addresses and accounts. */
const RULES: readonly ['project' | 'region' | 'env' | 'prefix', RegExp, string][] = [
  ['project', /^[a-z][a-z0-9-]*[a-z0-9]$/, 'a project id such as my-project, without a domain'],
  ['region', /^[a-z]+-[a-z]+[0-9]+$/, 'a region such as europe-west1'],
  ['env', /^[a-z][a-z0-9-]*$/, 'a name such as staging'],
  [
    'prefix',
    /^([a-z][a-z0-9-]{0,8}-)?$/,
    'up to 10 lower-case letters, digits and hyphens, ending in a hyphen',
  ],
];

const isCommand = (word: string): word is DeployCommand =>
  ['setup', 'release', 'destroy', 'all'].includes(word);

function parseFlags(args: readonly string[]) {
  for (const [place, arg] of args.entries()) {
    const name = arg.replace(/^--/, '').split('=')[0] ?? '';
    if (arg.startsWith('-') && arg !== '-h' && !Object.hasOwn(FLAGS, name))
      throw new DeployUsageError(`${arg} is not an option`);
    const kind = Object.entries(FLAGS).find(([known]) => known === name)?.[1];
    const next = args[place + 1];
    if (arg === `--${name}` && kind?.type === 'string' && (!next || next.startsWith('--')))
      throw new DeployUsageError(`${arg} needs a value`);
  }
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new DeployUsageError(error instanceof Error ? error.message : String(error));
  }
}
