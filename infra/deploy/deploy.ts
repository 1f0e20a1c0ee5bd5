import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { openGcloud } from '../google/gcloud.ts';
import { findIdentity } from '../google/identity.ts';
import { openRest } from '../google/rest.ts';
import { listFunctionUrls } from './addresses.ts';
import { type DeployContext, DeployError, type DeployPlace } from './context.ts';
import { DESTROY_STEPS, destroy } from './destroy.ts';
import { findUnusedVariables } from './environment.ts';
import { type DeployCommand, type DeployOptions, DeployUsageError } from './options.ts';
import { makePlan } from './plan.ts';
import { RELEASE_STEPS, release } from './release/release.ts';
import { openReport } from './report.ts';
import { findVersions } from './setup/secrets.ts';
import { SETUP_STEPS, setUp } from './setup/setup.ts';

const STEPS: Record<DeployCommand, readonly string[]> = {
  setup: SETUP_STEPS,
  release: RELEASE_STEPS,
  destroy: DESTROY_STEPS,
  all: [...SETUP_STEPS, ...RELEASE_STEPS],
};

/** Runs a command of deploy.sh. Returns the exit code: 0, or 1 after a failure, which it prints. */
export async function deploy(options: DeployOptions, place: DeployPlace): Promise<number> {
  const report = openReport(['sign-in', 'plan', ...STEPS[options.command]], place.print);
  try {
    const context = await openDeployment(options, { ...place, report });
    const isComplete = await runCommand(context);
    finish(context);
    return isComplete ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Error) || error instanceof DeployUsageError) throw error;
    // A refusal is printed in lines; a bug shows its stack.
    const isBug = error instanceof TypeError || error instanceof ReferenceError;
    for (const line of [isBug ? error.stack : error.message, ...report.describeFailure()])
      place.printError(line ?? '');
    return 1;
  }
}

async function runCommand(context: DeployContext): Promise<boolean> {
  switch (context.options.command) {
    case 'setup':
      return setUp(context);
    case 'release':
      await release(context);
      return true;
    case 'destroy':
      await destroy(context);
      return true;
    case 'all':
      await setUp(context);
      await release(context);
      return true;
  }
}

const projectSchema = z.object({ projectNumber: z.string() });

async function openDeployment(
  options: DeployOptions,
  place: DeployPlace & Pick<DeployContext, 'report'>,
): Promise<DeployContext> {
  const { dry: isDry, project } = options;
  const { env, root, print, wait, report } = place;
  const identity = isDry ? null : await findIdentity(env);
  // One token for gcloud's account serves every call; it lives for an hour.
  const token = identity?.accessToken();
  const accessToken = async () => (await token) ?? '';
  await accessToken();
  const gcloud = openGcloud({ project, isDry, env, cwd: root, print, wait });
  const described = await gcloud.read(['projects', 'describe', project], { projectNumber: 'PROJECT_NUMBER' });
  const number = projectSchema.parse(described).projectNumber;
  report.step('plan');
  const plan = makePlan({ ...options, number, operator: identity?.email ?? null }, env);
  for (const line of findUnusedVariables(join(root, `.env.${options.env}`))) report.remark(line);
  for (const fault of plan.faults) place.printError(`${isDry ? 'would stop here: ' : ''}${fault}`);
  if (plan.faults.length > 0 && !isDry)
    throw new DeployError(
      existsSync(join(root, `.env.${options.env}`))
        ? `Correct .env.${options.env} and infra/scheduler.yaml.`
        : `.env.${options.env} does not exist; copy .env.example and fill it.`,
    );
  const rest = openRest({ project, isDry, env, print, accessToken });
  const signedIn = identity && { ...identity, accessToken };
  let versions: Promise<ReadonlyMap<string, string>> | undefined;
  const findOnce = () => {
    versions ??= findVersions({ gcloud, plan, options });
    return versions;
  };
  return { ...place, options, plan, number, gcloud, rest, identity: signedIn, versions: findOnce };
}

/** Prints the last lines: remarks, the addresses to open and to register, and what was done. */
function finish({ options, plan, number, print, printError, report }: DeployContext): void {
  for (const remark of report.remarks()) printError(`note: ${remark}`);
  const names = plan.functions.map(({ deployed }) => deployed).join(', ');
  if (options.dry) {
    // Repeats the faults from above, where nobody looks now.
    for (const fault of plan.faults) printError(`would stop: ${fault}`);
    print(`# dry run, nothing was done; functions: ${names}`);
    return;
  }
  const console_ = plan.functions.find(({ name }) => name === 'console');
  const address =
    console_ && listFunctionUrls(options.project, number, options.region, console_.deployed).at(-1);
  if (address && options.command !== 'setup' && options.command !== 'destroy') {
    print(`# the console: ${address}/console/`);
    print(`# register this redirect at your issuer: ${address}/console/`);
  }
  print(`# done: ${options.command === 'setup' ? 'setup' : names}`);
}
