import type { IncomingMessage } from 'node:http';
import { GoogleApiError, restAnswer } from '../google-json.ts';
import { onQueue, onQueues, onTask, onTasks, type TasksState } from './methods.ts';

/** Answers one REST request. */
export function answer(state: TasksState, request: IncomingMessage, body: string) {
  return restAnswer(() => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    return route(state, request.method ?? 'GET', url, body ? JSON.parse(body) : undefined);
  });
}

const VERB = '(?::(?<verb>\\w+))?';
const PARENT = '^/v2/(?<parent>projects/[^/]+/locations/(?<location>[^/]+))/queues';
const QUEUES = new RegExp(`${PARENT}$`);
const QUEUE = new RegExp(`${PARENT}/(?<queue>[^/:]+)${VERB}$`);
const TASKS = new RegExp(`${PARENT}/(?<queue>[^/:]+)/tasks$`);
const TASK = new RegExp(`${PARENT}/(?<queue>[^/:]+)/tasks/(?<task>[^/:]+)${VERB}$`);

function route(state: TasksState, method: string, url: URL, body: unknown): unknown {
  const path = decodeURIComponent(url.pathname);
  const found = [QUEUES, QUEUE, TASKS, TASK].find((pattern) => pattern.test(path));
  const { parent, location = '', queue, task, verb } = found?.exec(path)?.groups ?? {};
  if (!found || !parent) throw noRoute(method, path);
  if (!state.locations.includes(location))
    throw new GoogleApiError(404, 'NOT_FOUND', `Location '${location}' is not a valid location.`);
  const call = { action: verb ? `${method} ${verb}` : method, query: url.searchParams, body };
  const list = found === QUEUES || found === TASKS;
  if (list && method !== 'GET' && method !== 'POST') throw noRoute(method, path);
  const queueName = `${parent}/queues/${queue}`;
  if (found === QUEUES) return onQueues(state, parent, call);
  if (found === QUEUE) return onQueue(state, queueName, call);
  if (found === TASKS) return onTasks(state, queueName, call);
  return onTask(state, queueName, `${queueName}/tasks/${task}`, call);
}

const noRoute = (method: string, path: string) =>
  new GoogleApiError(404, 'NOT_FOUND', `The local Cloud Tasks has no route ${method} ${path}`);
