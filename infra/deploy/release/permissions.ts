import { z } from 'zod';
import { type DeployContext, DeployError } from '../context.ts';
import { RELEASE_ROLES } from '../setup/accounts.ts';

/** The permissions of a release in the project; docs/guides/deploying.md lists the roles that give them. */
const NEEDED = [
  'cloudfunctions.functions.create',
  'cloudfunctions.functions.list',
  'cloudfunctions.functions.update',
  'cloudscheduler.jobs.create',
  'cloudscheduler.jobs.list',
  'cloudscheduler.jobs.update',
  'logging.logEntries.list',
  'run.services.setIamPolicy',
  'secretmanager.versions.get',
  'serviceusage.services.use',
];

const granted = z.object({ permissions: z.array(z.string()).default([]) });

/** Stops before anything is changed if the account lacks a permission, and names the roles. */
export async function checkPermissions({
  rest,
  options,
  identity,
}: Pick<DeployContext, 'rest' | 'options' | 'identity'>): Promise<void> {
  const answer = await rest.call({
    api: 'cloudresourcemanager',
    method: 'POST',
    path: `v1/projects/${options.project}:testIamPermissions`,
    body: { permissions: NEEDED },
  });
  // A dry run has no answer.
  if (answer === null) return;
  const { permissions } = granted.parse(answer);
  const missing = NEEDED.filter((permission) => !permissions.includes(permission));
  if (missing.length === 0) return;
  const who = identity?.email ?? 'This account';
  throw new DeployError(
    `${who} lacks ${missing.join(', ')} in ${options.project}. An administrator grants the roles of a release (${RELEASE_ROLES.join(', ')}) by ./deploy.sh setup --releaser MEMBER.`,
  );
}
