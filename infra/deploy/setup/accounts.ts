import { z } from 'zod';
import { GcloudError } from '../../google/gcloud.ts';
import { listOwnAccounts } from '../accounts.ts';
import type { DeployContext } from '../context.ts';

/** A binding of an IAM policy: a role and its members. */
const policySchema = z.object({
  bindings: z
    .array(
      z.object({
        role: z.string(),
        members: z.array(z.string()).default([]),
        condition: z.unknown().optional(),
      }),
    )
    .default([]),
});
type Policy = z.infer<typeof policySchema>;
export type Grant = readonly [role: string, member: string];

const CONSOLE_ROLE = 'rondeConsole';
/** The console may read, pause and resume the jobs of Cloud Scheduler; it can neither change nor create one. */
const CONSOLE_PERMISSIONS = ['get', 'list', 'pause', 'enable'].map((verb) => `cloudscheduler.jobs.${verb}`);

/** The roles of a release in the project; docs/guides/deploying.md lists them. */
export const RELEASE_ROLES = [
  'roles/browser',
  'roles/cloudfunctions.admin',
  'roles/run.admin',
  'roles/cloudscheduler.admin',
  'roles/secretmanager.viewer',
  'roles/logging.viewer',
  'roles/serviceusage.serviceUsageConsumer',
];

/** Reads a policy from the answer of gcloud. */
export const parsePolicy = (answer: unknown): Policy => policySchema.parse(answer ?? {});

/** Returns the grants that a policy lacks. A conditional binding does not count. */
export function findMissingGrants(policy: Policy, wanted: readonly Grant[]): Grant[] {
  return wanted.filter(
    ([role, member]) =>
      !policy.bindings.some(
        (binding) => !binding.condition && binding.role === role && binding.members.includes(member),
      ),
  );
}

export const toMember = (email: string): string => `serviceAccount:${email}`;

/** Makes the accounts, the console's role and the roles in the project. */
export async function setUpAccounts(context: DeployContext): Promise<void> {
  const { gcloud, plan, options } = context;
  const existing = z
    .array(z.object({ email: z.string() }))
    .parse(await gcloud.read(['iam', 'service-accounts', 'list'], []));
  for (const email of listOwnAccounts(options.project, plan.accounts)) {
    if (!existing.some((account) => account.email === email))
      await gcloud.change(['iam', 'service-accounts', 'create', email.split('@')[0] ?? '']);
  }
  await setUpConsoleRole(context);
  const policy = parsePolicy(await gcloud.read(['projects', 'get-iam-policy', options.project], {}));
  for (const [role, member] of findMissingGrants(policy, listProjectGrants(context))) {
    const grant = [`--member=${member}`, `--role=${role}`, '--condition=None'];
    await gcloud.change(['projects', 'add-iam-policy-binding', options.project, ...grant]);
  }
  await grantOnAccounts(context);
}

/** The functions may use the stores, and the build account builds. The scheduler's account needs no role. */
function listProjectGrants({ plan, options }: DeployContext): Grant[] {
  const { accounts } = plan;
  const releaser = options.releaser;
  return [
    ['roles/datastore.user', toMember(accounts.FUNCTIONS_SERVICE_ACCOUNT)],
    ['roles/datastore.user', toMember(accounts.CONSOLE_SERVICE_ACCOUNT)],
    [`projects/${options.project}/roles/${CONSOLE_ROLE}`, toMember(accounts.CONSOLE_SERVICE_ACCOUNT)],
    ['roles/cloudbuild.builds.builder', toMember(accounts.BUILD_SERVICE_ACCOUNT)],
    ...(releaser ? RELEASE_ROLES.map((role): Grant => [role, releaser]) : []),
  ];
}

/** The functions sign calls of Cloud Tasks; a releaser deploys as the accounts of functions, builds and schedule. */
async function grantOnAccounts({ gcloud, plan, options }: DeployContext): Promise<void> {
  const { FUNCTIONS_SERVICE_ACCOUNT: functions, TASKS_SERVICE_ACCOUNT: tasks, ...others } = plan.accounts;
  const role = 'roles/iam.serviceAccountUser';
  const wanted: [string, string][] = plan.queues.length > 0 ? [[tasks, toMember(functions)]] : [];
  if (options.releaser)
    for (const email of [functions, ...Object.values(others)]) wanted.push([email, options.releaser]);
  for (const [email, member] of wanted) {
    const policy = parsePolicy(await gcloud.read(['iam', 'service-accounts', 'get-iam-policy', email], {}));
    if (findMissingGrants(policy, [[role, member]]).length === 0) continue;
    const grant = [`--member=${member}`, `--role=${role}`];
    await gcloud.change(['iam', 'service-accounts', 'add-iam-policy-binding', email, ...grant]);
  }
}

const roleSchema = z.object({
  deleted: z.boolean().default(false),
  includedPermissions: z.array(z.string()).default([]),
});

/** Makes the role, or brings back one that was deleted less than seven days ago: its name is not free until then. */
async function setUpConsoleRole({ gcloud }: DeployContext): Promise<void> {
  const found = await gcloud
    .read(['iam', 'roles', 'describe', CONSOLE_ROLE], null)
    .catch((error: unknown) => {
      if (error instanceof GcloudError && error.isMissing) return null;
      throw error;
    });
  const role = roleSchema.nullable().parse(found);
  const permissions = `--permissions=${CONSOLE_PERMISSIONS.join(',')}`;
  const named = [CONSOLE_ROLE, '--title=Ronde-console', '--stage=GA', '--quiet', permissions];
  if (!role) return gcloud.change(['iam', 'roles', 'create', ...named]);
  if (role.deleted) await gcloud.change(['iam', 'roles', 'undelete', CONSOLE_ROLE]);
  if (CONSOLE_PERMISSIONS.join() !== role.includedPermissions.join())
    await gcloud.change(['iam', 'roles', 'update', ...named]);
}
