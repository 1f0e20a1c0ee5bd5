import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type DeployContext, DeployError } from '../context.ts';
import { setUpAccounts } from './accounts.ts';
import { setUpBackups, setUpFirestore } from './firestore.ts';
import { setUpImages } from './images.ts';
import { setUpQueues } from './queues.ts';
import { setUpRules } from './rules.ts';
import { setUpSecrets } from './secrets.ts';
import { setUpAlerts, setUpBudget } from './watching.ts';

const APIS = [
  'artifactregistry',
  'cloudbuild',
  'cloudfunctions',
  'cloudresourcemanager',
  'cloudscheduler',
  'cloudtasks',
  'firebaserules',
  'firestore',
  'iam',
  'iamcredentials',
  'logging',
  'monitoring',
  'run',
  'secretmanager',
].map((name) => `${name}.googleapis.com`);

/** A step of setup. The functions work without an optional one, so its failure is repeated at the end. */
interface SetupStep {
  name: string;
  run: (context: DeployContext) => Promise<void>;
  optional?: true;
}

const STEPS: readonly SetupStep[] = [
  { name: 'APIs', run: enableApis },
  { name: 'accounts', run: setUpAccounts },
  { name: 'secrets', run: setUpSecrets },
  { name: 'Firestore', run: setUpFirestore },
  { name: 'rules', run: setUpRules },
  { name: 'queues', run: setUpQueues },
  { name: 'images', run: setUpImages },
  { name: 'backups', run: setUpBackups, optional: true },
  { name: 'alerts', run: setUpAlerts, optional: true },
  { name: 'budget', run: setUpBudget, optional: true },
];

/** The names of the steps, in order. */
export const SETUP_STEPS: readonly string[] = STEPS.map(({ name }) => name);

/** Prepares a project, once: it lists what exists and changes only what differs. Returns false if a part is missing. */
export async function setUp(context: DeployContext): Promise<boolean> {
  const { report } = context;
  if (!context.options.dry) await mkdir(join(context.root, '.local/deploy'), { recursive: true });
  let isComplete = true;
  for (const { name, run, optional } of STEPS) {
    report.step(name);
    await run(context).catch((error: unknown) => {
      if (!optional || !(error instanceof Error)) throw error;
      isComplete = false;
      report.remark(`${name} not set up: ${error.message.split('\n')[0]}`);
    });
  }
  return isComplete;
}

const serviceList = z.array(z.object({ config: z.object({ name: z.string() }) }));

async function enableApis(context: DeployContext): Promise<void> {
  const { gcloud, options } = context;
  const enabled = serviceList.parse(await gcloud.read(['services', 'list', '--enabled'], []));
  const wanted = [...APIS, ...(options.budget ? ['billingbudgets.googleapis.com'] : [])];
  const missing = wanted.filter((api) => !enabled.some(({ config }) => config.name === api));
  if (missing.length > 0) await gcloud.change(['services', 'enable', ...missing]);
  await checkRegion(context);
}

const locationList = z.array(z.object({ locationId: z.string() }));

/** Not every region has both services; without this check the deployment would fail after the functions. */
async function checkRegion({ gcloud, options }: DeployContext): Promise<void> {
  for (const [service, product] of [
    ['scheduler', 'Cloud Scheduler'],
    ['tasks', 'Cloud Tasks'],
  ] as const) {
    const rows = locationList.parse(await gcloud.read([service, 'locations', 'list'], []));
    const names = rows.map(({ locationId }) => locationId).sort();
    if (names.length > 0 && !names.includes(options.region))
      throw new DeployError(
        `${product} is not in ${options.region}; choose a region that has it: ${names.join(', ')}.`,
      );
  }
}
