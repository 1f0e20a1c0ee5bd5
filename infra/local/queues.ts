import { readSchedule } from '../scheduler/file.ts';
import { wantedQueues } from '../scheduler/queue.ts';
import { LOCAL_PROJECT, LOCAL_REGION } from './environment.ts';

/** Creates the queues of infra/scheduler.yaml in the local Cloud Tasks. Returns their names. */
export async function makeLocalQueues(endpoint: string, project = LOCAL_PROJECT): Promise<string[]> {
  const parent = `projects/${project}/locations/${LOCAL_REGION}`;
  const queues = wantedQueues(readSchedule().functions);
  for (const { id, maxConcurrent, maxPerSecond, attempts, backoff } of queues) {
    const response = await fetch(`${endpoint}/v2/${parent}/queues`, {
      method: 'POST',
      body: JSON.stringify({
        name: `${parent}/queues/${id}`,
        rateLimits: { maxConcurrentDispatches: maxConcurrent, maxDispatchesPerSecond: maxPerSecond },
        retryConfig: { maxAttempts: attempts, minBackoff: `${backoff}s`, maxBackoff: `${backoff}s` },
      }),
    });
    if (!response.ok) throw new Error(`The local Cloud Tasks refused ${id}: ${await response.text()}`);
  }
  return queues.map(({ id }) => id);
}
