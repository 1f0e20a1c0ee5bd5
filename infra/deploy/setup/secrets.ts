import { z } from 'zod';
import { GcloudError } from '../../google/gcloud.ts';
import { type DeployContext, DeployError } from '../context.ts';
import { type PlannedSecret, toCreateCommand } from '../secrets.ts';
import { findMissingGrants, type Grant, parsePolicy, toMember } from './accounts.ts';

const version = z.object({ name: z.string(), state: z.string() });

/**
 * Returns the number of each secret's newest version, which a release pins. Throws DeployError with the commands that
 * create the missing ones. No permission is another failure than no secret.
 */
export async function findVersions({
  gcloud,
  plan,
  options,
}: Pick<DeployContext, 'gcloud' | 'plan' | 'options'>): Promise<Map<string, string>> {
  const rows = await Promise.all(
    plan.secrets.map(async (secret) => {
      const args = ['secrets', 'versions', 'describe', 'latest', `--secret=${secret.name}`];
      const found = await gcloud.read(args, null).catch((error: unknown) => {
        if (error instanceof GcloudError && error.isMissing) return null;
        throw error;
      });
      return { secret, version: version.nullable().parse(found) };
    }),
  );
  if (gcloud.isDry) return new Map();
  const missing = rows.filter(({ version }) => version?.state.toUpperCase() !== 'ENABLED');
  if (missing.length > 0) {
    throw new DeployError(
      [
        'These secrets have no enabled version in Secret Manager; create them and run again:',
        ...missing.map(({ secret, version }) => describeMissing(secret, version !== null, options.project)),
      ].join('\n'),
    );
  }
  return new Map(rows.map(({ secret, version }) => [secret.name, version?.name.split('/').at(-1) ?? '']));
}

function describeMissing(secret: PlannedSecret, exists: boolean, project: string): string {
  const command = toCreateCommand(secret, project);
  const remedy = exists ? command.replace('secrets create', 'secrets versions add') : command;
  return `  ${secret.name} (for ${secret.variables.join(', ')}): ${remedy}`;
}

/** Lets each account read its own secrets. */
export async function setUpSecrets(context: DeployContext): Promise<void> {
  const { gcloud, plan } = context;
  await context.versions();
  for (const { name, readers } of plan.secrets) {
    const policy = parsePolicy(await gcloud.read(['secrets', 'get-iam-policy', name], {}));
    const wanted = readers.map((email): Grant => ['roles/secretmanager.secretAccessor', toMember(email)]);
    for (const [role, member] of findMissingGrants(policy, wanted)) {
      const grant = [`--member=${member}`, `--role=${role}`];
      await gcloud.change(['secrets', 'add-iam-policy-binding', name, ...grant]);
    }
  }
}
