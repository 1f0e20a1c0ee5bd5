import { CloudTasksClient } from '@google-cloud/tasks';
import type { Config } from '../config.ts';
import { CLOUD_TASKS } from './addresses.ts';
import { ownIdentity } from './metadata.ts';
import type { TasksConfig } from './tasks-settings.ts';

/** One call, repeats included. Named tasks may be created again: the name says that it is the same. */
const CALL_MS = 5_000;
/** gRPC codes that a repeat may heal: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const REPEATED = [4, 8, 14];
const ALREADY_EXISTS = 6;

/** A POST that Cloud Tasks is to send, signed as the queue's account. */
export interface QueuedCall {
  /** Letters, digits, hyphens and underscores; evenly spread names, such as hashes, are the quickest. */
  id: string;
  url: string;
  audience: string;
  body: object;
  /** After so many seconds without an answer the attempt has failed; 15 to 1800. */
  deadlineSeconds: number;
}

/** A queue of Cloud Tasks. */
export interface TaskQueue {
  /** Adds a call; one of a name that the queue knows, or knew within the last hour, is not added again. Throws GoogleError. */
  add(call: QueuedCall): Promise<'added' | 'known'>;
  close(): Promise<void>;
}

/** Opens the queue, over REST and as this function's own account; the same requests reach Google and the local cloud. */
export function openQueue(config: Config, { queue, serviceAccount }: TasksConfig): TaskQueue {
  const { protocol, hostname, port } = new URL(config.google.tasks);
  const client = new CloudTasksClient({
    fallback: true,
    ...(config.google.tasks === CLOUD_TASKS
      ? {}
      : { protocol: protocol.replace(':', ''), apiEndpoint: hostname, port: Number(port) }),
    authClient: ownClient(config.google.metadata) as never,
  });
  return {
    async add({ id, url, audience, body, deadlineSeconds }) {
      const httpRequest = {
        url,
        httpMethod: 'POST' as const,
        headers: { 'Content-Type': 'application/json' },
        body: Buffer.from(JSON.stringify(body)).toString('base64'),
        oidcToken: { serviceAccountEmail: serviceAccount, audience },
      };
      const task = {
        name: `${queue}/tasks/${id}`,
        dispatchDeadline: { seconds: deadlineSeconds },
        httpRequest,
      };
      try {
        await client.createTask({ parent: queue, task }, callOptions());
        return 'added';
      } catch (error) {
        if ((error as { code?: unknown }).code === ALREADY_EXISTS) return 'known';
        throw error;
      }
    },
    close: () => client.close(),
  };
}

/**
 * The part of google-auth-library's AuthClient that the client over REST uses: requests bear the access token of our own
 * account. The metadata server keeps the token itself; it is asked once per client.
 */
function ownClient(metadata: string) {
  let token: Promise<string> | undefined;
  const authorization = async () => {
    token ??= ownIdentity(metadata).accessToken();
    return `Bearer ${await token}`;
  };
  return {
    universeDomain: 'googleapis.com',
    getRequestHeaders: async () => new Headers({ authorization: await authorization() }),
    async fetch(url: string, request: RequestInit): Promise<Response> {
      const headers = new Headers(request.headers);
      headers.set('authorization', await authorization());
      const { method = 'GET', body = null, signal = null } = request;
      return fetch(url, { method, headers, body, signal });
    },
  };
}

function callOptions() {
  const backoffSettings = {
    initialRetryDelayMillis: 200,
    retryDelayMultiplier: 2,
    maxRetryDelayMillis: 2_000,
    initialRpcTimeoutMillis: CALL_MS / 2,
    rpcTimeoutMultiplier: 1,
    maxRpcTimeoutMillis: CALL_MS / 2,
    totalTimeoutMillis: CALL_MS,
  };
  return { timeout: CALL_MS, retry: { retryCodes: REPEATED, backoffSettings } };
}
