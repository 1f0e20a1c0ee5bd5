import { z } from 'zod';
import { copyMasked, duration, fieldsOf, httpMethod, invalid, isObject, type Json } from '../google-json.ts';
import { seconds, timestamp } from '../scheduler/rules.ts';

// Queues and tasks in Cloud Tasks v2, by the rules of its protos (queue, task, target).

const QUEUE_NAME = /^projects\/[^/]+\/locations\/[^/]+\/queues\/[A-Za-z0-9-]{1,100}$/;
const TASK_NAME = /\/tasks\/[A-Za-z0-9_-]{1,500}$/;
/** "The deadline must be in the interval [15 seconds, 30 minutes]"; the default is ten minutes. */
const DEADLINE = { least: 15, most: 1800, default: '600s' };
/** The limits on a task's size and on its distance in the future: https://cloud.google.com/tasks/docs/quotas */
const MAX_AHEAD_MS = 30 * 86_400_000;
const MAX_TASK_BYTES = 1_000_000;
/** The defaults of a queue: https://cloud.google.com/tasks/docs/configuring-queues */
const RATE = { maxDispatchesPerSecond: 500, maxConcurrentDispatches: 1000 };
const RETRY = { maxAttempts: 100, minBackoff: '0.100s', maxBackoff: '3600s', maxDoublings: 16 };

const rateLimits = z.strictObject({
  maxDispatchesPerSecond: z.number().positive().max(500).optional(),
  maxConcurrentDispatches: z.int().positive().max(5000).optional(),
});
const retryConfig = z.strictObject({
  maxAttempts: z.int().min(-1).optional(),
  maxRetryDuration: duration.optional(),
  minBackoff: duration.optional(),
  maxBackoff: duration.optional(),
  maxDoublings: z.int().min(0).optional(),
});
const queueFields = z.strictObject({
  name: z.string().regex(QUEUE_NAME, 'Queue ID can contain letters, numbers or hyphens, at most 100'),
  rateLimits: rateLimits.default({}),
  retryConfig: retryConfig.default({}),
});
const taskFields = z.strictObject({
  name: z.string().default(''),
  scheduleTime: z.iso.datetime({ offset: true }).optional(),
  dispatchDeadline: duration.default(DEADLINE.default),
  httpRequest: z.strictObject({
    url: z
      .string()
      .max(2083)
      .regex(/^https?:\/\//, 'must begin with http:// or https://'),
    httpMethod: httpMethod.default('POST'),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.base64().optional(),
    oidcToken: z
      .strictObject({ serviceAccountEmail: z.string(), audience: z.string().optional() })
      .optional(),
  }),
});

/** A queue in an answer of the API. */
export type Queue = z.infer<typeof queueFields> & {
  state: 'RUNNING' | 'PAUSED';
  purgeTime?: string;
};

interface TaskAttempt {
  scheduleTime: string;
  dispatchTime: string;
  responseTime?: string;
  responseStatus?: { code: number; message: string };
}

/** A task in an answer of the API. Only the full view holds the body of its request. */
export type QueuedTask = z.infer<typeof taskFields> & {
  scheduleTime: string;
  createTime: string;
  dispatchCount: number;
  responseCount: number;
  firstAttempt?: { dispatchTime: string };
  lastAttempt?: TaskAttempt;
};

function parseFields<T>(schema: z.ZodType<T>, fields: Json, what: string): T {
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalid(`Invalid value at '${what}.${issue?.path.join('.') ?? ''}': ${issue?.message ?? 'invalid'}`);
}

const QUEUE_OUTPUT = ['state', 'purgeTime', 'stackdriverLoggingConfig'];
const MASKABLE = new Set([
  ...['rateLimits', 'retryConfig'],
  ...Object.keys(rateLimits.shape).map((key) => `rateLimits.${key}`),
  ...Object.keys(retryConfig.shape).map((key) => `retryConfig.${key}`),
]);

/** Reads a queue from a request to create it, or to change the masked fields of `old`. */
export function readQueue(body: unknown, old: Queue | null, mask: string | null, parent: string): Queue {
  const given = fieldsOf(body, QUEUE_OUTPUT);
  // Output only: clients that read before they write send these back.
  if (isObject(given.rateLimits)) delete given.rateLimits.maxBurstSize;
  const fields: Json = old ? fieldsOf(structuredClone(old), QUEUE_OUTPUT) : given;
  if (old) copyMasked(fields, given, mask, MASKABLE);
  const queue = parseFields(queueFields, fields, 'queue');
  if (!queue.name.startsWith(`${parent}/queues/`)) throw invalid('Queue name must start with its parent.');
  queue.rateLimits = { ...RATE, ...queue.rateLimits };
  queue.retryConfig = { ...RETRY, ...queue.retryConfig };
  if (seconds(queue.retryConfig.minBackoff) > seconds(queue.retryConfig.maxBackoff))
    throw invalid('Queue.retry_config.min_backoff must not exceed max_backoff.');
  return {
    ...queue,
    state: old?.state ?? 'RUNNING',
    ...(old?.purgeTime ? { purgeTime: old.purgeTime } : {}),
  };
}

/** The size of a burst. The real service chooses it, in this order of magnitude. */
export const burstOf = ({ rateLimits: { maxDispatchesPerSecond = 500 } }: Queue): number =>
  Math.max(1, Math.ceil(maxDispatchesPerSecond / 5));

export const toQueueAnswer = (queue: Queue): object => ({
  ...queue,
  rateLimits: { ...queue.rateLimits, maxBurstSize: burstOf(queue) },
});

const TASK_OUTPUT = [
  ...['createTime', 'dispatchCount', 'responseCount', 'firstAttempt', 'lastAttempt', 'view'],
];

/** Reads a task from a request to create it. A task without a name gets a generated one. */
export function readTask(body: unknown, queue: string, id: string, now: Date): QueuedTask {
  const fields = parseFields(taskFields, fieldsOf(body, TASK_OUTPUT), 'task');
  const name = fields.name || `${queue}/tasks/${id}`;
  if (!name.startsWith(`${queue}/tasks/`) || !TASK_NAME.test(name))
    throw invalid(
      'Task name must be formatted: "<QUEUE>/tasks/<TASK_ID>", letters, numbers, hyphens and underscores.',
    );
  const deadline = seconds(fields.dispatchDeadline);
  if (deadline < DEADLINE.least || deadline > DEADLINE.most)
    throw invalid('Task.dispatchDeadline must be between [15s, 30m].');
  const { httpMethod: method, body: payload } = fields.httpRequest;
  if (payload && !['POST', 'PUT', 'PATCH'].includes(method))
    throw invalid('HttpRequest.body is only allowed for POST, PUT and PATCH.');
  if (JSON.stringify(fields).length > MAX_TASK_BYTES) throw invalid('Task size too large.');
  const at = fields.scheduleTime ? new Date(fields.scheduleTime) : now;
  if (at.getTime() - now.getTime() > MAX_AHEAD_MS)
    throw invalid('Task.scheduleTime must be at most 30 days in the future.');
  return {
    ...fields,
    name,
    scheduleTime: timestamp(at > now ? at : now),
    createTime: timestamp(now),
    dispatchCount: 0,
    responseCount: 0,
  };
}

export function toTaskAnswer(task: QueuedTask, view: unknown): object {
  const full = view === 'FULL' || String(view) === '2';
  const { body, ...request } = task.httpRequest;
  return {
    ...task,
    httpRequest: full && body ? { ...request, body } : request,
    view: full ? 'FULL' : 'BASIC',
  };
}
