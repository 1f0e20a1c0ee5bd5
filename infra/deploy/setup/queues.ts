import { z } from 'zod';
import { GcloudError } from '../../google/gcloud.ts';
import { queueFlags, type WantedQueue } from '../../scheduler/queue.ts';
import { type DeployContext, DeployError } from '../context.ts';
import { findMissingGrants, type Grant, parsePolicy, toMember } from './accounts.ts';

const queueSchema = z.object({
  rateLimits: z
    .object({ maxConcurrentDispatches: z.number().optional(), maxDispatchesPerSecond: z.number().optional() })
    .prefault({}),
  retryConfig: z
    .object({
      maxAttempts: z.number().optional(),
      minBackoff: z.string().optional(),
      maxBackoff: z.string().optional(),
    })
    .prefault({}),
});
type Queue = z.infer<typeof queueSchema>;

/** Makes the queues of the functions that fan out. The functions' account may add calls to them. */
export async function setUpQueues(context: DeployContext): Promise<void> {
  for (const wanted of context.plan.queues) await setUpQueue(wanted, context);
}

async function setUpQueue(wanted: WantedQueue, { gcloud, plan, options }: DeployContext): Promise<void> {
  const at = [wanted.id, `--location=${options.region}`];
  const answer = await gcloud.read(['tasks', 'queues', 'describe', ...at], null).catch((error: unknown) => {
    if (error instanceof GcloudError && error.isMissing) return null;
    throw error;
  });
  const found = queueSchema.nullable().parse(answer);
  if (!found) await gcloud.change(['tasks', 'queues', 'create', ...at, ...queueFlags(wanted)]);
  const member = toMember(plan.accounts.FUNCTIONS_SERVICE_ACCOUNT);
  const grant: Grant = ['roles/cloudtasks.enqueuer', member];
  const policy = found ? await gcloud.read(['tasks', 'queues', 'get-iam-policy', ...at], {}) : {};
  const isGranted = findMissingGrants(parsePolicy(policy), [grant]).length === 0;
  if (found && !isAsWanted(found, wanted)) {
    // A queue has no labels: the right of our account marks it as ours.
    if (!isGranted && !options.adopt)
      throw new DeployError(
        `The queue ${wanted.id} exists with other settings and is not ours; check it, then give --adopt to take it over.`,
      );
    await gcloud.change(['tasks', 'queues', 'update', ...at, ...queueFlags(wanted)]);
  }
  if (isGranted) return;
  const flags = [`--member=${member}`, `--role=${grant[0]}`];
  await gcloud.change(['tasks', 'queues', 'add-iam-policy-binding', ...at, ...flags]);
}

function isAsWanted({ rateLimits, retryConfig }: Queue, wanted: WantedQueue): boolean {
  return (
    rateLimits.maxConcurrentDispatches === wanted.maxConcurrent &&
    rateLimits.maxDispatchesPerSecond === wanted.maxPerSecond &&
    retryConfig.maxAttempts === wanted.attempts &&
    Number.parseFloat(retryConfig.minBackoff ?? '') === wanted.backoff &&
    Number.parseFloat(retryConfig.maxBackoff ?? '') === wanted.backoff
  );
}
