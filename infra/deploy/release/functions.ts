import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { cpuOf } from '../../scheduler/cpu.ts';
import { type DeployContext, DeployError, LABEL } from '../context.ts';
import type { PlannedFunction } from '../plan.ts';
import { repositoryPath } from '../setup/images.ts';

/** The label with the digest of what was deployed. */
const DIGEST = 'ronde-digest';

/** A function of the service, as far as a release compares it. */
const deployedFunction = z.object({
  name: z.string(),
  url: z.string().optional(),
  state: z.string().default('STATE_UNSPECIFIED'),
  labels: z.record(z.string(), z.string()).default({}),
  serviceConfig: z
    .object({
      serviceAccountEmail: z.string().default(''),
      allTrafficOnLatestRevision: z.boolean().default(true),
      availableMemory: z.string().optional(),
      availableCpu: z.string().optional(),
      timeoutSeconds: z.number().optional(),
      minInstanceCount: z.number().default(0),
      maxInstanceCount: z.number().optional(),
      maxInstanceRequestConcurrency: z.number().optional(),
      environmentVariables: z.record(z.string(), z.string()).default({}),
    })
    .prefault({}),
});
export type DeployedFunction = z.infer<typeof deployedFunction>;

/** Returns the short name of a function of the service. */
export const shortName = ({ name }: DeployedFunction): string => name.split('/').at(-1) ?? name;

/** Lists the functions of the region, ours and others. */
export async function listFunctions({ gcloud, options }: DeployContext): Promise<DeployedFunction[]> {
  const rows = await gcloud.read(['functions', 'list', '--v2', `--regions=${options.region}`], []);
  return z.array(deployedFunction).parse(rows);
}

/** Returns true for a function that bears our label, or runs as one of our accounts: an older release made it. */
export function isOurs({ labels, serviceConfig }: DeployedFunction, accounts: readonly string[]): boolean {
  return labels[LABEL.key] === LABEL.value || accounts.includes(serviceConfig.serviceAccountEmail);
}

/** Returns the file for the plain variables of a function, outside the deployed folder. */
const envFilePath = (name: string): string => `.local/deploy/${name}.yaml`;

/**
 * Returns the arguments of `gcloud functions deploy`. States everything in infra/scheduler.yaml and resets what gcloud
 * would keep, so that neither a removed line nor a rollback outlasts a release.
 */
export function toFunctionFlags(
  planned: PlannedFunction,
  { plan, options }: Pick<DeployContext, 'plan' | 'options'>,
  versions: ReadonlyMap<string, string>,
): string[] {
  const { entry, account, name } = planned;
  const secrets = Object.entries(entry.secrets).map(
    ([variable, secret]) => `${variable}=${secret}:${versions.get(secret) ?? 'VERSION'}`,
  );
  const build = `projects/${options.project}/serviceAccounts/${plan.accounts.BUILD_SERVICE_ACCOUNT}`;
  return [
    '--gen2',
    `--runtime=${plan.schedule.defaults.runtime}`,
    `--source=dist/${name}`,
    `--entry-point=${name}`,
    '--trigger-http',
    options.closed ? '--no-allow-unauthenticated' : '--allow-unauthenticated',
    '--ingress-settings=all',
    `--service-account=${account}`,
    `--build-service-account=${build}`,
    `--docker-repository=${repositoryPath(options)}`,
    `--memory=${entry.memory}`,
    `--cpu=${cpuOf(entry)}`,
    `--timeout=${entry.timeout}s`,
    `--concurrency=${entry.concurrency}`,
    '--min-instances=0',
    `--max-instances=${entry.max_instances}`,
    ...toEgressFlags(entry.vpc_connector),
    `--env-vars-file=${envFilePath(planned.deployed)}`,
    secrets.length > 0 ? `--set-secrets=${secrets.join(',')}` : '--clear-secrets',
    '--serve-all-traffic-latest-revision',
  ];
}

const toEgressFlags = (connector: string | undefined): string[] =>
  connector ? [`--vpc-connector=${connector}`, '--egress-settings=all'] : ['--clear-vpc-connector'];

/** Writes the plain variables of a function; JSON is valid YAML. In a dry run prints them. */
export async function writeVariables(planned: PlannedFunction, { root, options, print }: DeployContext) {
  const path = envFilePath(planned.deployed);
  const lines = Object.entries(planned.environment).map(
    ([name, value]) => `${name}: ${JSON.stringify(value)}`,
  );
  if (options.dry) for (const line of lines) print(`#   ${path}: ${line}`);
  else await writeFile(join(root, path), lines.map((line) => `${line}\n`).join(''));
}

/** Makes an empty folder for the files of variables. */
export async function clearVariables(root: string): Promise<void> {
  await rm(join(root, '.local/deploy'), { recursive: true, force: true });
  await mkdir(join(root, '.local/deploy'), { recursive: true });
}

/** Returns the digest of a function's bundle, settings and variables, in the form of a label's value. */
export function digestOf(planned: PlannedFunction, flags: readonly string[], root: string): string {
  const hash = createHash('sha256').update(JSON.stringify([flags, planned.environment]));
  const folder = join(root, 'dist', planned.name);
  if (!existsSync(join(folder, 'index.js')))
    throw new DeployError(`dist/${planned.name} is not built; run without --skip-build, or npm run build.`);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name));
  for (const file of files.sort()) hash.update(file.slice(folder.length)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 32);
}

/** Returns true if a function serves exactly what would be deployed, with all its traffic. */
export function isUnchanged(
  found: DeployedFunction | undefined,
  planned: PlannedFunction,
  digest: string,
): boolean {
  if (found?.state !== 'ACTIVE' || found.labels[DIGEST] !== digest) return false;
  const { serviceConfig: service } = found;
  const { entry } = planned;
  const pairs: [unknown, unknown][] = [
    [service.allTrafficOnLatestRevision, true],
    [service.serviceAccountEmail, planned.account],
    [service.availableMemory, entry.memory],
    [Number(service.availableCpu), cpuOf(entry)],
    [service.timeoutSeconds, entry.timeout],
    [service.minInstanceCount, 0],
    [service.maxInstanceCount, entry.max_instances],
    [service.maxInstanceRequestConcurrency, entry.concurrency],
  ];
  return (
    pairs.every(([is, wanted]) => is === wanted) &&
    Object.entries(planned.environment).every(([name, value]) => service.environmentVariables[name] === value)
  );
}

/** Returns the flag that labels a function as ours, with its digest. */
export const toLabelFlag = (digest: string): string =>
  `--update-labels=${LABEL.key}=${LABEL.value},${DIGEST}=${digest}`;
