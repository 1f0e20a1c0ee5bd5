import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { GcloudError } from '../../google/gcloud.ts';
import { listOwnAccounts } from '../accounts.ts';
import { type DeployContext, DeployError, LABEL } from '../context.ts';
import type { PlannedFunction } from '../plan.ts';
import {
  clearVariables,
  type DeployedFunction,
  digestOf,
  isOurs,
  isUnchanged,
  listFunctions,
  shortName,
  toFunctionFlags,
  toLabelFlag,
  writeVariables,
} from './functions.ts';
import { checkPermissions } from './permissions.ts';
import { applySchedule } from './schedule.ts';
import { tryFunctions } from './smoke.ts';

/** The names of the steps, in order. The schedule goes live last: after the smoke test. */
export const RELEASE_STEPS: readonly string[] = [
  'permissions',
  'versions',
  'build',
  'functions',
  'smoke test',
  'schedule',
];

/** Builds, deploys and tries the functions, then applies the schedule. */
export async function release(context: DeployContext): Promise<void> {
  const { report } = context;
  report.step('permissions');
  await checkPermissions(context);
  report.step('versions');
  const versions = await context.versions();
  report.step('build');
  if (!context.options.skipBuild) await build(context);
  report.step('functions');
  const before = await listFunctions(context);
  refuseForeign(before, context);
  await deployFunctions(context, versions, before);
  report.step('smoke test');
  await tryFunctions(context);
  report.step('schedule');
  await applySchedule(context);
}

async function build({ plan, root, options, print }: DeployContext): Promise<void> {
  const args = ['infra/build.ts', '--only', plan.functions.map(({ name }) => name).join(',')];
  print(`node ${args.join(' ')}`);
  if (options.dry) return;
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new DeployError('The build failed; its error is above.');
}

/** Names the functions that left infra/scheduler.yaml, and refuses those of somebody else. */
function refuseForeign(found: readonly DeployedFunction[], context: DeployContext): void {
  const { plan, options, report } = context;
  const accounts = listOwnAccounts(options.project, plan.accounts);
  const wanted = plan.functions.map(({ deployed }) => deployed);
  const foreign = found
    .filter((one) => wanted.includes(shortName(one)) && !isOurs(one, accounts))
    .map(shortName);
  if (foreign.length > 0 && !options.adopt)
    throw new DeployError(
      `The project has functions of the same name that are not Ronde's: ${foreign.join(', ')}; look at them, then give --adopt to overwrite them, or --prefix to stand beside them.`,
    );
  const known = plan.schedule.functions.map(({ name }) => options.prefix + name);
  const left = found
    .filter(({ labels }) => labels[LABEL.key] === LABEL.value)
    .map(shortName)
    .filter((name) => name.startsWith(options.prefix) && !known.includes(name));
  if (left.length > 0 && options.prefix === '')
    report.remark(
      `no longer in infra/scheduler.yaml, and still deployed: ${left.join(', ')}; gcloud functions delete deletes one`,
    );
}

async function deployFunctions(
  context: DeployContext,
  versions: ReadonlyMap<string, string>,
  before: readonly DeployedFunction[],
): Promise<void> {
  if (!context.options.dry) await clearVariables(context.root);
  const results = await Promise.allSettled(
    context.plan.functions.map((planned) => {
      const found = before.find((one) => shortName(one) === planned.deployed);
      return deployFunction(planned, context, versions, found);
    }),
  );
  const failed = results.filter((result) => result.status === 'rejected');
  if (failed.length === 0) return;
  throw new DeployError(failed.map(({ reason }) => (reason as Error).message).join('\n'));
}

async function deployFunction(
  planned: PlannedFunction,
  context: DeployContext,
  versions: ReadonlyMap<string, string>,
  found: DeployedFunction | undefined,
): Promise<void> {
  const { gcloud, options, print, report, root } = context;
  const { deployed } = planned;
  const flags = toFunctionFlags(planned, context, versions);
  const digest = options.dry ? 'digest' : digestOf(planned, flags, root);
  if (isUnchanged(found, planned, digest)) {
    print(`# ${deployed} is unchanged`);
    return;
  }
  await writeVariables(planned, context);
  const at = `--region=${options.region}`;
  const command = ['functions', 'deploy', deployed, ...flags, toLabelFlag(digest), at];
  let closed = options.closed;
  await gcloud.change(command).catch((error: unknown) => {
    if (!isDomainRestricted(error)) throw named(deployed, error);
    closed = true;
    report.remark(
      `the organisation forbids allUsers, so the invoker check of ${deployed} is disabled instead`,
    );
  });
  if (closed) await gcloud.change(['run', 'services', 'update', deployed, '--no-invoker-iam-check', at]);
  report.done(`function ${deployed}`);
}

const named = (name: string, error: unknown): Error =>
  new DeployError(`${name}: ${error instanceof Error ? error.message : String(error)}`);

/**
 * Domain restricted sharing, which every organisation made since May 2024 has. The function itself is deployed then.
 * Google recommends the disabled check: https://cloud.google.com/run/docs/authenticating/public
 */
const isDomainRestricted = (error: unknown): boolean =>
  error instanceof GcloudError && /permitted customer|allowedPolicyMemberDomains/.test(error.message);
