import { mounted } from '../../functions/registry.ts';
import { readSchedule } from '../scheduler/file.ts';
import type { ScheduledFunction, ScheduleFile } from '../scheduler/parse.ts';
import { suggest } from '../scheduler/problems.ts';
import { type WantedQueue, wantedQueues } from '../scheduler/queue.ts';
import { type AccountName, listServiceAccounts } from './accounts.ts';
import { buildEnvironment, findEnvironmentFaults } from './environment.ts';
import { DeployUsageError } from './options.ts';
import { listSecrets, type PlannedSecret } from './secrets.ts';

/** The function with a separate account: only the console may pause jobs of Cloud Scheduler and call tasks for people. */
const CONSOLE = 'console';

export interface PlanOptions {
  project: string;
  number: string;
  region: string;
  /** The functions to deploy; all if undefined. */
  only: readonly string[] | undefined;
  /** Stands before each deployed name. */
  prefix?: string;
  /** The deploying account, if known. It must be one of OPERATORS to call the functions. */
  operator: string | null;
}

/** One function as it will be deployed. */
export interface PlannedFunction {
  /** The name of its folder, which is also the entry point. */
  name: string;
  /** Its name on Google Cloud. */
  deployed: string;
  entry: ScheduledFunction;
  /** The account as which it runs. */
  account: string;
  environment: Record<string, string>;
  /** The route that the smoke test calls. */
  route: string;
}

/** The input of setup and release, from the files and the environment alone. */
export interface DeployPlan {
  schedule: ScheduleFile;
  accounts: Record<AccountName, string>;
  functions: PlannedFunction[];
  queues: WantedQueue[];
  secrets: PlannedSecret[];
  database: string;
  /** Reasons why the functions would refuse to start or to be called. */
  faults: string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Plans the deployment from infra/scheduler.yaml and the environment. */
export function makePlan(options: PlanOptions, env: Variables): DeployPlan {
  const { project, region, number, prefix = '' } = options;
  const accounts = listServiceAccounts(project, env, prefix);
  const place = {
    project,
    number,
    region,
    prefix,
    schedulerAccount: accounts.SCHEDULER_SERVICE_ACCOUNT,
    consoleAccount: accounts.CONSOLE_SERVICE_ACCOUNT,
    tasksAccount: accounts.TASKS_SERVICE_ACCOUNT,
  };
  const schedule = readSchedule({ ...env, ...accounts });
  const chosen = chooseFunctions(schedule.functions, options.only).map((entry) => addPrefix(entry, prefix));
  const accountOf = (name: string) =>
    name === CONSOLE ? accounts.CONSOLE_SERVICE_ACCOUNT : schedule.defaults.service_account;
  const functions = chosen.map((entry): PlannedFunction => {
    const mount = mounted.find(({ name }) => name === entry.name);
    return {
      name: entry.name,
      deployed: prefix + entry.name,
      entry,
      account: accountOf(entry.name),
      environment: buildEnvironment(entry, place, env),
      route: mount?.probe ?? mount?.prefix ?? '',
    };
  });
  const faults = [
    ...checkOperator(options.operator, env.OPERATORS),
    ...checkSchedulerAccount(accounts.SCHEDULER_SERVICE_ACCOUNT, project),
    ...(prefix && !env.FIRESTORE_DATABASE
      ? [`--prefix ${prefix} needs FIRESTORE_DATABASE: two installations cannot share a database`]
      : []),
    ...functions.flatMap(({ entry, environment }) => findEnvironmentFaults(entry, environment)),
  ];
  return {
    schedule,
    accounts,
    functions,
    queues: wantedQueues(chosen).map((queue) => ({ ...queue, id: prefix + queue.id })),
    secrets: listSecrets(chosen, accountOf),
    database: env.FIRESTORE_DATABASE || '(default)',
    faults: [...new Set(faults)],
  };
}

/** Gives each secret of a function the prefix, so that two installations have separate secrets. */
function addPrefix(entry: ScheduledFunction, prefix: string): ScheduledFunction {
  const secrets = Object.entries(entry.secrets).map(([variable, secret]) => [variable, prefix + secret]);
  return { ...entry, secrets: Object.fromEntries(secrets) };
}

function chooseFunctions(all: readonly ScheduledFunction[], only: PlanOptions['only']): ScheduledFunction[] {
  const names = all.map(({ name }) => name);
  for (const name of only ?? []) {
    if (!names.includes(name))
      throw new DeployUsageError(
        `--only: there is no function "${name}"; legal: ${names.join(', ')}${suggest(name, names)}`,
      );
  }
  return all.filter(({ name }) => !only || only.includes(name));
}

/** An account of another project is refused job by job: OidcToken in google/cloud/scheduler/v1/target.proto. */
function checkSchedulerAccount(email: string, project: string): string[] {
  if (email.endsWith(`@${project}.iam.gserviceaccount.com`)) return [];
  return [
    `SCHEDULER_SERVICE_ACCOUNT ${email} is not of ${project}, and Cloud Scheduler refuses it; name an account of the project, or leave it to setup`,
  ];
}

function checkOperator(operator: string | null, operators = ''): string[] {
  if (!operator || operators.split(',').some((email) => email.trim() === operator)) return [];
  return [
    `OPERATORS does not name ${operator}, the account that deploys and then calls each function; add it to the file of variables`,
  ];
}
