import { randomUUID } from 'node:crypto';
import { GoogleApiError, invalid, isObject, pageOf, type RestCall, updateMaskOf } from '../google-json.ts';
import { timestamp } from '../scheduler/rules.ts';
import { attempt, type DispatchDeps, forget, type QueueEntry } from './dispatch.ts';
import { burstOf, readQueue, readTask, toQueueAnswer, toTaskAnswer } from './resources.ts';

/** The state of one local Cloud Tasks. */
export interface TasksState {
  queues: Map<string, QueueEntry>;
  /** The instants, in milliseconds, until which names of deleted queues stay unusable. */
  gone: Map<string, number>;
  locations: readonly string[];
  deps: DispatchDeps;
  track: (attempt: Promise<void>) => void;
}

/** "Deleting a queue: its name cannot be used again for seven days." https://cloud.google.com/tasks/docs/deleting-appengine-queues-and-tasks */
const QUEUE_NAME_GONE_MS = 7 * 86_400_000;
const QUEUES_PER_PAGE = 9800;
const TASKS_PER_PAGE = 1000;

const notFound = (what: string) => new GoogleApiError(404, 'NOT_FOUND', `${what} does not exist.`);
const taken = (message: string) => new GoogleApiError(409, 'ALREADY_EXISTS', message);

/** Handles GET queues and POST queues. */
export function onQueues(state: TasksState, parent: string, { action, query, body }: RestCall) {
  const now = state.deps.clock().getTime();
  if (action === 'GET') {
    const all = [...state.queues.values()].filter(({ queue }) => queue.name.startsWith(`${parent}/queues/`));
    all.sort((one, other) => (one.queue.name < other.queue.name ? -1 : 1));
    const { items, next } = pageOf(all, query, QUEUES_PER_PAGE);
    return { queues: items.map(({ queue }) => toQueueAnswer(queue)), ...next };
  }
  const queue = readQueue(body, null, null, parent);
  if (state.queues.has(queue.name)) throw taken('Queue already exists');
  if ((state.gone.get(queue.name) ?? 0) > now)
    throw new GoogleApiError(
      400,
      'FAILED_PRECONDITION',
      'The queue cannot be created because a queue with this name existed too recently.',
    );
  state.queues.set(queue.name, {
    ...{ queue, tasks: new Map(), taken: new Map(), running: 0 },
    ...{ tokens: burstOf(queue), refilledAt: now },
  });
  return toQueueAnswer(queue);
}

/** Handles one queue: GET, PATCH, DELETE and the custom methods. */
export function onQueue(state: TasksState, name: string, { action, query, body }: RestCall) {
  const entry = state.queues.get(name);
  if (!entry) throw notFound('Queue');
  const now = state.deps.clock();
  const parent = name.slice(0, name.indexOf('/queues/'));
  if (action === 'PATCH') entry.queue = readQueue(body, entry.queue, updateMaskOf(query), parent);
  else if (action === 'POST pause') entry.queue.state = 'PAUSED';
  else if (action === 'POST resume') entry.queue.state = 'RUNNING';
  else if (action === 'POST purge') {
    for (const task of [...entry.tasks.keys()]) forget(entry, task, now);
    entry.queue.purgeTime = timestamp(now);
  } else if (action === 'DELETE') {
    state.queues.delete(name);
    state.gone.set(name, now.getTime() + QUEUE_NAME_GONE_MS);
    return {};
  } else if (action !== 'GET')
    throw new GoogleApiError(404, 'NOT_FOUND', `There is no method ${action} on queues.`);
  return toQueueAnswer(entry.queue);
}

/** Handles GET tasks and POST tasks. Rejects a name that is in use or was within the last hour. */
export function onTasks(state: TasksState, queue: string, { action, query, body }: RestCall) {
  const entry = state.queues.get(queue);
  if (!entry) throw notFound('Queue');
  if (action === 'GET') {
    const all = [...entry.tasks.values()].map(({ task }) => task);
    all.sort((one, other) => (one.name < other.name ? -1 : 1));
    const { items, next } = pageOf(all, query, TASKS_PER_PAGE);
    return { tasks: items.map((task) => toTaskAnswer(task, query.get('responseView'))), ...next };
  }
  if (!isObject(body)) throw invalid('Invalid JSON payload received.');
  const now = state.deps.clock();
  const task = readTask(body.task, queue, randomUUID(), now);
  if (entry.tasks.has(task.name)) throw taken('Requested entity already exists');
  if ((entry.taken.get(task.name) ?? 0) > now.getTime())
    throw taken('The task cannot be created because a task with this name existed too recently.');
  entry.tasks.set(task.name, { task, running: false });
  return toTaskAnswer(task, body.responseView ?? body.response_view);
}

/** Handles one task: GET, DELETE, and `run`, which sends it at once and ignores its queue's limits. */
export function onTask(state: TasksState, queue: string, name: string, { action, query }: RestCall) {
  const entry = state.queues.get(queue);
  const found = entry?.tasks.get(name);
  if (!entry || !found) throw notFound('Task');
  if (action === 'GET') return toTaskAnswer(found.task, query.get('responseView'));
  if (action === 'DELETE') {
    forget(entry, name, state.deps.clock());
    return {};
  }
  if (action !== 'POST run')
    throw new GoogleApiError(404, 'NOT_FOUND', `There is no method ${action} on tasks.`);
  if (!found.running) state.track(attempt(entry, found, state.deps));
  return toTaskAnswer(found.task, null);
}
