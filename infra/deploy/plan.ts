import { mounted } from '../../functions/registry.ts';
import { readSchedule } from '../scheduler/file.ts';
import type { ScheduledFunction } from '../scheduler/parse.ts';
import { suggest } from '../scheduler/problems.ts';
import { queueFlags, wantedQueues } from '../scheduler/queue.ts';
import { environmentFaults, environmentOf, type Place } from './environment.ts';
import { compositeFlags, exemptionFlags, readIndexes, ttlFlags } from './firestore.ts';
import { envFile, functionFlags } from './functions.ts';

/** Secrets that are made here; the others are copied from where they were issued. */
const OWN_SECRETS = ['CRON_SECRET', 'CRON_SECRET_PREVIOUS', 'LINK_KEY'];

/** It runs as an account of its own: it alone may pause the jobs of Cloud Scheduler and call the tasks for others. */
const CONSOLE = 'console';

export interface PlanOptions {
  project: string;
  number: string;
  region: string;
  /** The functions to deploy; all where undefined. */
  only: readonly string[] | undefined;
  /** Whether IAM's own check before a function lets everybody through. */
  open: boolean;
  /** The account that deploys, where it is known: it has to be among OPERATORS to try the functions. */
  operator: string | undefined;
}

/** Everything deploy.sh needs to know: records of a kind and its fields, and what is wrong. */
export interface Plan {
  records: string[][];
  faults: string[];
}

/** The accounts of a project: those of the environment, or the ones that deploy.sh makes. */
export function serviceAccounts(project: string, env: Readonly<Record<string, string | undefined>>) {
  const account = (id: string) => `${id}@${project}.iam.gserviceaccount.com`;
  return {
    FUNCTIONS_SERVICE_ACCOUNT: env.FUNCTIONS_SERVICE_ACCOUNT || account('ronde-functions'),
    CONSOLE_SERVICE_ACCOUNT: env.CONSOLE_SERVICE_ACCOUNT || account('ronde-console'),
    SCHEDULER_SERVICE_ACCOUNT: env.SCHEDULER_SERVICE_ACCOUNT || account('ronde-scheduler'),
    TASKS_SERVICE_ACCOUNT: env.TASKS_SERVICE_ACCOUNT || account('ronde-tasks'),
    BUILD_SERVICE_ACCOUNT: env.BUILD_SERVICE_ACCOUNT || account('ronde-build'),
  };
}

/** What is to be deployed, from infra/scheduler.yaml, infra/firestore.indexes.json and the environment. */
export function makePlan(options: PlanOptions, env: Readonly<Record<string, string | undefined>>): Plan {
  const { project, region } = options;
  const accounts = serviceAccounts(project, env);
  const place = {
    project,
    number: options.number,
    region,
    schedulerAccount: accounts.SCHEDULER_SERVICE_ACCOUNT,
    consoleAccount: accounts.CONSOLE_SERVICE_ACCOUNT,
    tasksAccount: accounts.TASKS_SERVICE_ACCOUNT,
  };
  const schedule = readSchedule({ ...env, ...accounts });
  const functions = chosen(schedule.functions, options.only);
  const accountOf = (name: string) =>
    name === CONSOLE ? accounts.CONSOLE_SERVICE_ACCOUNT : schedule.defaults.service_account;
  const records = [
    ...Object.entries(accounts).map(([name, email]) => ['account', name, email]),
    ...Object.values(accounts)
      .filter((email) => email.endsWith(`@${project}.iam.gserviceaccount.com`))
      .map((email) => ['create-account', email.split('@')[0] ?? '']),
    ...firestoreRecords(env.FIRESTORE_DATABASE || '(default)'),
    ...wantedQueues(functions).map((queue) => ['queue', queue.id, ...queueFlags(queue)]),
    ...secretRecords(functions, project),
    ...readerRecords(functions, accountOf),
  ];
  const faults = operatorFaults(options.operator, env.OPERATORS);
  const buildAccount = `projects/${project}/serviceAccounts/${accounts.BUILD_SERVICE_ACCOUNT}`;
  for (const entry of functions) {
    const { rows, wrong } = describe(entry, place, env);
    const flags = functionFlags(entry, {
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

function chosen(all: readonly ScheduledFunction[], only: PlanOptions['only']): ScheduledFunction[] {
  const names = all.map(({ name }) => name);
  for (const name of only ?? []) {
    if (!names.includes(name))
      throw new Error(
        `--only: there is no function "${name}"; legal: ${names.join(', ')}${suggest(name, names)}`,
      );
  }
  return all.filter(({ name }) => !only || only.includes(name));
}

function firestoreRecords(database: string): string[][] {
  const file = readIndexes();
  return [
    ['database', database],
    ...compositeFlags(file).map((flags) => ['composite', ...flags]),
    ...exemptionFlags(file).map((flags) => ['exemption', ...flags]),
    ...ttlFlags(file).map((flags) => ['ttl', ...flags]),
  ];
}

/** Each secret once, with the variables it fills and the command that makes it. */
function secretRecords(functions: readonly ScheduledFunction[], project: string): string[][] {
  const readers = new Map<string, Set<string>>();
  for (const { secrets } of functions) {
    for (const [variable, secret] of Object.entries(secrets))
      readers.set(secret, (readers.get(secret) ?? new Set()).add(variable));
  }
  return [...readers].map(([secret, variables]) => {
    const own = [...variables].every((name) => OWN_SECRETS.includes(name));
    // Neither ends with a line feed: it would become a part of the secret.
    const value = own ? "npm run -s ronde -- secret generate | tr -d '\\n'" : 'read -rs V && printf %s "$V"';
    const make = `${value} | gcloud secrets create ${secret} --data-file=- --project=${project}`;
    return ['secret', secret, [...variables].join(', '), make];
  });
}

/** Who may read which secret: the account of each function that has it, and no other. */
function readerRecords(
  functions: readonly ScheduledFunction[],
  accountOf: (name: string) => string,
): string[][] {
  const pairs = functions.flatMap(({ name, secrets }) =>
    Object.values(secrets).map((secret) => `${secret}\t${accountOf(name)}`),
  );
  return [...new Set(pairs)].map((pair) => ['reader', ...pair.split('\t')]);
}

function describe(entry: ScheduledFunction, place: Place, env: Readonly<Record<string, string | undefined>>) {
  const plain = environmentOf(entry, place, env);
  const found = mounted.find(({ name }) => name === entry.name);
  const route = found?.probe ?? found?.prefix ?? '';
  // A JSON text is a YAML text, always on one line.
  const lines = Object.entries(plain).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return {
    rows: [
      ...lines.map((line) => ['env', envFile(entry.name), line]),
      entry.task ? ['try-task', entry.name] : ['try-api', entry.name, route],
    ],
    wrong: environmentFaults(entry, plain),
  };
}

function operatorFaults(operator: string | undefined, operators = ''): string[] {
  if (!operator || operators.split(',').some((email) => email.trim() === operator)) return [];
  return [`OPERATORS does not name ${operator}, who deploys and tries each task; add it in .env.production`];
}
