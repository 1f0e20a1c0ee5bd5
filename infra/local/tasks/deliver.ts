import { codeOf, codeOfFailure } from '../google-json.ts';
import { seconds } from '../scheduler/rules.ts';
import type { QueuedTask } from './resources.ts';

/** The surroundings of an attempt. */
export interface DeliverDeps {
  clock: () => Date;
  signOidc: (email: string, audience: string) => Promise<string>;
  log: (line: string) => void;
  /** Aborts attempts when the service stops. */
  stopped: AbortSignal;
}

/** The end of an attempt: a google.rpc.Code, its meaning, and the wait that the target asks for. */
export interface Delivered {
  code: number;
  detail: string;
  retryAfterSeconds: number;
}

const REPLACED = /^(host|content-length|user-agent|x-google-.*|x-appengine-.*|x-cloudtasks-.*)$/i;

/** Sends one request. Never throws. */
export async function deliver(task: QueuedTask, deps: DeliverDeps): Promise<Delivered> {
  const { url, httpMethod, body } = task.httpRequest;
  try {
    const deadline = AbortSignal.timeout(seconds(task.dispatchDeadline) * 1000);
    const response = await fetch(url, {
      method: httpMethod,
      headers: await requestHeaders(task, deps),
      ...(body ? { body: Buffer.from(body, 'base64') } : {}),
      signal: AbortSignal.any([deadline, deps.stopped]),
    });
    await response.arrayBuffer();
    const retryAfterSeconds = Number(response.headers.get('retry-after')) || 0;
    return { code: codeOf(response), detail: `HTTP ${response.status}`, retryAfterSeconds };
  } catch (error) {
    return { ...codeOfFailure(error), retryAfterSeconds: 0 };
  }
}

/** Returns the last part of a name. */
export const idOf = (name: string): string => name.split('/').pop() ?? '';

async function requestHeaders(task: QueuedTask, deps: DeliverDeps): Promise<Headers> {
  const { url, headers: own, oidcToken } = task.httpRequest;
  const headers = new Headers(Object.entries(own).filter(([name]) => !REPLACED.test(name)));
  headers.set('User-Agent', 'Google-Cloud-Tasks');
  headers.set('X-CloudTasks-QueueName', task.name.split('/')[5] ?? '');
  headers.set('X-CloudTasks-TaskName', idOf(task.name));
  // dispatchCount includes the attempt in progress. An execution is an attempt with an answer.
  headers.set('X-CloudTasks-TaskRetryCount', String(task.dispatchCount - 1));
  headers.set('X-CloudTasks-TaskExecutionCount', String(task.responseCount));
  headers.set('X-CloudTasks-TaskETA', String(new Date(task.scheduleTime).getTime() / 1000));
  if (oidcToken) {
    const { serviceAccountEmail, audience } = oidcToken;
    headers.set('Authorization', `Bearer ${await deps.signOidc(serviceAccountEmail, audience || url)}`);
  }
  return headers;
}
