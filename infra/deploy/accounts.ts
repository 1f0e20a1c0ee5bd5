/** The short names of the accounts that setup makes. */
const IDS = {
  FUNCTIONS_SERVICE_ACCOUNT: 'ronde-functions',
  CONSOLE_SERVICE_ACCOUNT: 'ronde-console',
  SCHEDULER_SERVICE_ACCOUNT: 'ronde-scheduler',
  TASKS_SERVICE_ACCOUNT: 'ronde-tasks',
  BUILD_SERVICE_ACCOUNT: 'ronde-build',
} as const;

export type AccountName = keyof typeof IDS;

type Variables = Readonly<Record<string, string | undefined>>;

/** Returns the accounts of a project: those of the environment, else those that setup makes. */
export function listServiceAccounts(
  project: string,
  env: Variables,
  prefix = '',
): Record<AccountName, string> {
  const entries = Object.entries(IDS).map(([name, id]) => [
    name,
    env[name] || `${prefix}${id}@${project}.iam.gserviceaccount.com`,
  ]);
  return Object.fromEntries(entries) as Record<AccountName, string>;
}

/** Returns the accounts of this project, which setup makes; an account of another project is its owner's. */
export function listOwnAccounts(project: string, accounts: Record<AccountName, string>): string[] {
  return Object.values(accounts).filter((email) => email.endsWith(`@${project}.iam.gserviceaccount.com`));
}
