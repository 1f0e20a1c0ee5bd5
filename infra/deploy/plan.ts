import { mounted } from '../../functions/registry.ts';
import { readSchedule } from '../scheduler/file.ts';
import type { ScheduledFunction } from '../scheduler/parse.ts';
import { suggest } from '../scheduler/problems.ts';
import { queueFlags, wantedQueues } from '../scheduler/queue.ts';
import { buildEnvironment, type DeployPlace, findEnvironmentFaults } from './environment.ts';
import { readIndexes, toCompositeFlags, toExemptionFlags, toTtlFlags } from './firestore.ts';
import { envFilePath, toFunctionFlags } from './functions.ts';

/** Secrets that `ronde secret generate` makes; the operator copies the others from their issuers. */
const OWN_SECRETS = ['CRON_SECRET', 'CRON_SECRET_PREVIOUS', 'LINK_KEY'];

/** The function with a separate account: only the console may pause jobs of Cloud Scheduler and call tasks for people. */
const CONSOLE = 'console';

export interface PlanOptions {
  project: string;
  number: string;
  region: string;
  /** The functions to deploy; all if undefined. */
  only: readonly string[] | undefined;
  /** Lets callers without an IAM role reach the functions. */
  open: boolean;
  /** The deploying account, if known. It must be one of OPERATORS to call the functions. */
  operator: string | undefined;
}

/** The input of deploy.sh: records of a kind with their fields, and the faults. */
export interface DeployPlan {
  records: string[][];
  faults: string[];
}

/** Returns the accounts of a project: those of the environment, else those that deploy.sh creates. */
export function listServiceAccounts(project: string, env: Readonly<Record<string, string | undefined>>) {
  const account = (id: string) => `${id}@${project}.iam.gserviceaccount.com`;
  return {
    FUNCTIONS_SERVICE_ACCOUNT: env.FUNCTIONS_SERVICE_ACCOUNT || account('ronde-functions'),
    CONSOLE_SERVICE_ACCOUNT: env.CONSOLE_SERVICE_ACCOUNT || account('ronde-console'),
    SCHEDULER_SERVICE_ACCOUNT: env.SCHEDULER_SERVICE_ACCOUNT || account('ronde-scheduler'),
    TASKS_SERVICE_ACCOUNT: env.TASKS_SERVICE_ACCOUNT || account('ronde-tasks'),
    BUILD_SERVICE_ACCOUNT: env.BUILD_SERVICE_ACCOUNT || account('ronde-build'),
  };
}

/** Plans the deployment from infra/scheduler.yaml, infra/firestore.indexes.json and the environment. */
export function makePlan(
  options: PlanOptions,
  env: Readonly<Record<string, string | undefined>>,
): DeployPlan {
  const { project, region } = options;
  const accounts = listServiceAccounts(project, env);
  const place = {
    project,
    number: options.number,
    region,
    schedulerAccount: accounts.SCHEDULER_SERVICE_ACCOUNT,
    consoleAccount: accounts.CONSOLE_SERVICE_ACCOUNT,
    tasksAccount: accounts.TASKS_SERVICE_ACCOUNT,
  };
  const schedule = readSchedule({ ...env, ...accounts });
  const functions = chooseFunctions(schedule.functions, options.only);
  const accountOf = (name: string) =>
    name === CONSOLE ? accounts.CONSOLE_SERVICE_ACCOUNT : schedule.defaults.service_account;
  const records = [
    ...Object.entries(accounts).map(([name, email]) => ['account', name, email]),
    ...Object.values(accounts)
      .filter((email) => email.endsWith(`@${project}.iam.gserviceaccount.com`))
      .map((email) => ['create-account', email.split('@')[0] ?? '']),
    ...listFirestore(env.FIRESTORE_DATABASE || '(default)'),
    ...wantedQueues(functions).map((queue) => ['queue', queue.id, ...queueFlags(queue)]),
    ...listSecrets(functions, project),
    ...listReaders(functions, accountOf),
  ];
  const faults = checkOperator(options.operator, env.OPERATORS);
  const buildAccount = `projects/${project}/serviceAccounts/${accounts.BUILD_SERVICE_ACCOUNT}`;
  for (const entry of functions) {
    const { rows, wrong } = describeFunction(entry, place, env);
    const flags = toFunctionFlags(entry, {
      defaults: schedule.defaults,
      serviceAccount: accountOf(entry.name),
      buildAccount,
      open: options.open,
    });
    records.push(['function', entry.name, ...flags], ...rows);
    faults.push(...wrong);
  }
  return { records, faults: [...new Set(faults)] };
}

function chooseFunctions(all: readonly ScheduledFunction[], only: PlanOptions['only']): ScheduledFunction[] {
  const names = all.map(({ name }) => name);
  for (const name of only ?? []) {
    if (!names.includes(name))
      throw new Error(
        `--only: there is no function "${name}"; legal: ${names.join(', ')}${suggest(name, names)}`,
      );
  }
  return all.filter(({ name }) => !only || only.includes(name));
}

function listFirestore(database: string): string[][] {
  const file = readIndexes();
  return [
    ['database', database],
    ...toCompositeFlags(file).map((flags) => ['composite', ...flags]),
    ...toExemptionFlags(file).map((flags) => ['exemption', ...flags]),
    ...toTtlFlags(file).map((flags) => ['ttl', ...flags]),
  ];
}

/** Lists each secret once, with its variables and the command that creates it. */
function listSecrets(functions: readonly ScheduledFunction[], project: string): string[][] {
  const readers = new Map<string, Set<string>>();
  for (const { secrets } of functions) {
    for (const [variable, secret] of Object.entries(secrets))
      readers.set(secret, (readers.get(secret) ?? new Set()).add(variable));
  }
  return [...readers].map(([secret, variables]) => {
    const isGenerated = [...variables].every((name) => OWN_SECRETS.includes(name));
    // Neither value ends with a line feed, which would become part of the secret.
    const value = isGenerated
      ? "npm run -s ronde -- secret generate | tr -d '\\n'"
      : 'read -rs V && printf %s "$V"';
    const make = `${value} | gcloud secrets create ${secret} --data-file=- --project=${project}`;
    return ['secret', secret, [...variables].join(', '), make];
  });
}

/** Lists the readers of each secret: only the accounts of the functions that use it. */
function listReaders(
  functions: readonly ScheduledFunction[],
  accountOf: (name: string) => string,
): string[][] {
  const pairs = functions.flatMap(({ name, secrets }) =>
    Object.values(secrets).map((secret) => `${secret}\t${accountOf(name)}`),
  );
  return [...new Set(pairs)].map((pair) => ['reader', ...pair.split('\t')]);
}

function describeFunction(
  entry: ScheduledFunction,
  place: DeployPlace,
  env: Readonly<Record<string, string | undefined>>,
) {
  const plain = buildEnvironment(entry, place, env);
  const mount = mounted.find(({ name }) => name === entry.name);
  const route = mount?.probe ?? mount?.prefix ?? '';
  // JSON is valid YAML, always on one line.
  const lines = Object.entries(plain).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return {
    rows: [
      ...lines.map((line) => ['env', envFilePath(entry.name), line]),
      entry.task ? ['try-task', entry.name] : ['try-api', entry.name, route],
    ],
    wrong: findEnvironmentFaults(entry, plain),
  };
}

function checkOperator(operator: string | undefined, operators = ''): string[] {
  if (!operator || operators.split(',').some((email) => email.trim() === operator)) return [];
  return [
    `OPERATORS does not name ${operator}, the account that deploys and then calls each task; add it in .env.production`,
  ];
}
