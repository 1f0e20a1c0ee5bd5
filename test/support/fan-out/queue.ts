import { LOCAL_REGION } from '../../../infra/local/environment.ts';
import { BATCH_ATTEMPTS, BATCH_BACKOFF_SECONDS } from '../../../shared/runtime/fan-out/settings.ts';

/** The queue of tests. */
export const QUEUE = 'chores';

/** Creates a task's queue through the service's API. */
export async function makeQueue(endpoint: string, project: string, settings: object = {}): Promise<void> {
  const parent = `projects/${project}/locations/${LOCAL_REGION}`;
  const backoff = `${BATCH_BACKOFF_SECONDS}s`;
  const retryConfig = { maxAttempts: BATCH_ATTEMPTS, minBackoff: backoff, maxBackoff: backoff };
  const body = JSON.stringify({ name: `${parent}/queues/${QUEUE}`, retryConfig, ...settings });
  const response = await fetch(`${endpoint}/v2/${parent}/queues`, { method: 'POST', body });
  if (!response.ok) throw new Error(`the queue was not created: ${await response.text()}`);
}
