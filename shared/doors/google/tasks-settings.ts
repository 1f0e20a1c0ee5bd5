import { optional } from '../config-fields.ts';

/** The variables of dispatching to Cloud Tasks. */
export const tasksEnvironment = { TASKS_QUEUE: optional, TASKS_SERVICE_ACCOUNT: optional };

/** The queue for the batches of a run, and the account of Cloud Tasks' calls. */
export interface TasksConfig {
  /** projects/P/locations/L/queues/Q */
  queue: string;
  serviceAccount: string;
}

/** A queue's full name and its short name: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues */
const QUEUE_PATH = /^projects\/[^/]+\/locations\/[^/]+\/queues\/[A-Za-z0-9-]{1,100}$/;
const QUEUE_ID = /^[A-Za-z0-9-]{1,100}$/;

/** Returns the faults of these variables, one line each, without values. */
export function tasksFaults(env: NodeJS.ProcessEnv): string[] {
  if (!env.TASKS_QUEUE) return [];
  const faults: string[] = [];
  const short = QUEUE_ID.test(env.TASKS_QUEUE);
  if (!short && !QUEUE_PATH.test(env.TASKS_QUEUE))
    faults.push('TASKS_QUEUE must be a queue id, or projects/P/locations/L/queues/Q');
  if (short && !env.REGION) faults.push('TASKS_QUEUE is a short name and REGION is not set; set REGION too');
  if (!env.TASKS_SERVICE_ACCOUNT)
    faults.push(
      'TASKS_QUEUE is set without TASKS_SERVICE_ACCOUNT; set the account that Cloud Tasks calls as',
    );
  if (!env.FUNCTION_URLS)
    faults.push('TASKS_QUEUE is set without FUNCTION_URLS; set the address that Cloud Tasks is to call');
  return faults;
}

/** Returns the queue. Undefined if none is configured: runs then work in the called instance. */
export function toTasksConfig(env: {
  GOOGLE_CLOUD_PROJECT: string;
  REGION?: string | undefined;
  TASKS_QUEUE?: string | undefined;
  TASKS_SERVICE_ACCOUNT?: string | undefined;
}): TasksConfig | undefined {
  const { TASKS_QUEUE: queue, TASKS_SERVICE_ACCOUNT: serviceAccount } = env;
  if (!queue || !serviceAccount) return undefined;
  const parent = `projects/${env.GOOGLE_CLOUD_PROJECT}/locations/${env.REGION}/queues`;
  return { queue: queue.includes('/') ? queue : `${parent}/${queue}`, serviceAccount };
}
