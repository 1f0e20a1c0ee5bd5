import { z } from 'zod';
import { confirm } from '../cli/terminal.ts';
import { listOwnAccounts } from './accounts.ts';
import { type DeployContext, DeployError } from './context.ts';
import { isOurs, listFunctions, shortName } from './release/functions.ts';

export const DESTROY_STEPS: readonly string[] = ['list', 'delete'];

const resources = z.array(z.object({ name: z.string(), description: z.string().default('') }));

/** Deletes functions with their jobs and queues, the jobs first. Data, accounts and secrets stay. */
export async function destroy(context: DeployContext): Promise<void> {
  const { gcloud, options, plan, report, printError } = context;
  report.step('list');
  const at = `--location=${options.region}`;
  const names = plan.functions.map(({ deployed }) => deployed);
  const functions = (await listFunctions(context)).filter((one) => names.includes(shortName(one)));
  const jobs = await findNamed(context, ['scheduler', 'jobs', 'list', at], names);
  const queues = await findNamed(
    context,
    ['tasks', 'queues', 'list', at],
    plan.queues.map(({ id }) => id),
  );
  const accounts = listOwnAccounts(options.project, plan.accounts);
  const foreign = functions.filter((one) => !isOurs(one, accounts)).map(shortName);
  if (foreign.length > 0 && !options.adopt)
    throw new DeployError(`These functions are not Ronde's: ${foreign.join(', ')}; nothing was deleted.`);
  const deployed = options.dry ? names : functions.map(shortName);
  const question = `Delete ${[...deployed, ...jobs.map((name) => `job ${name}`), ...queues.map((name) => `queue ${name}`)].join(', ') || 'nothing'} in ${options.project}?`;
  if (!options.yes && !options.dry && !(await ask(question))) throw new DeployError('Nothing was deleted.');
  report.step('delete');
  for (const name of jobs) await gcloud.change(['scheduler', 'jobs', 'delete', name, at, '--quiet']);
  for (const name of deployed)
    await gcloud.change(['functions', 'delete', name, '--gen2', `--region=${options.region}`, '--quiet']);
  for (const name of queues) await gcloud.change(['tasks', 'queues', 'delete', name, at, '--quiet']);
  printError('Remove the functions from infra/scheduler.yaml too, or the next release deploys them again.');
}

async function findNamed(
  { gcloud }: DeployContext,
  args: readonly string[],
  names: readonly string[],
): Promise<string[]> {
  if (gcloud.isDry) return [...names];
  const rows = resources.parse(await gcloud.read(args, []));
  return rows.map(({ name }) => name.split('/').at(-1) ?? '').filter((name) => names.includes(name));
}

async function ask(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new DeployError(`${question} Give --yes to do it.`);
  return confirm(question);
}
