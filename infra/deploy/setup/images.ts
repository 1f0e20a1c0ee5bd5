import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { GcloudError } from '../../google/gcloud.ts';
import { type DeployContext, LABEL } from '../context.ts';

const REPOSITORY = 'ronde';

/** Keeps the newest three images of each function for a rollback, and deletes the others after 30 days. */
const POLICIES = [
  { name: 'keep-newest', action: { type: 'Keep' }, mostRecentVersions: { keepCount: 3 } },
  { name: 'delete-old', action: { type: 'Delete' }, condition: { olderThan: '2592000s' } },
];

const repository = z.object({ cleanupPolicies: z.record(z.string(), z.unknown()).default({}) });

/** Returns the repository of the images, apart from gcf-artifacts: its policy touches nobody else's images. */
export const repositoryPath = ({ project, region }: { project: string; region: string }): string =>
  `projects/${project}/locations/${region}/repositories/${REPOSITORY}`;

/** Makes the repository of the images, with its clean-up policy. */
export async function setUpImages({ gcloud, options, root }: DeployContext): Promise<void> {
  const at = [REPOSITORY, `--location=${options.region}`];
  const found = await gcloud
    .read(['artifacts', 'repositories', 'describe', ...at], null)
    .catch((error: unknown) => {
      if (error instanceof GcloudError && error.isMissing) return null;
      throw error;
    });
  if (found === null) {
    const label = `--labels=${LABEL.key}=${LABEL.value}`;
    await gcloud.change(['artifacts', 'repositories', 'create', ...at, '--repository-format=docker', label]);
  }
  const policies = repository.nullable().parse(found)?.cleanupPolicies ?? {};
  if (POLICIES.every(({ name }) => Object.hasOwn(policies, name))) return;
  const file = '.local/deploy/cleanup-policies.json';
  if (!gcloud.isDry) await writeFile(join(root, file), JSON.stringify(POLICIES));
  await gcloud.change([
    'artifacts',
    'repositories',
    'set-cleanup-policies',
    ...at,
    `--policy=${file}`,
    '--no-dry-run',
  ]);
}
