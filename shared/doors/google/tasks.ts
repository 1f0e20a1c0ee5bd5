import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { ownIdentity } from './metadata.ts';
import type { TasksConfig } from './tasks-settings.ts';

// One POST of Cloud Tasks' REST v2, the same as the official client's. That client cannot be bundled, since it looks for
// JSON files beside itself, and would add 6 MB to each function.

const CALL_MS = 2_500;
/** The waits before each retry. Creating a task again is safe, since its name identifies it. */
const WAITS_MS = [200, 1_000];
/** The statuses that a retry may heal: quota exceeded, and errors of the service. */
const REPEATED = [429, 500, 502, 503, 504];

const MAX_QUOTED = 300;

/** A POST for Cloud Tasks to send, signed as the queue's account. */
export interface QueuedCall {
  /** Letters, digits, hyphens and underscores. Evenly spread names, such as hashes, are the fastest. */
  id: string;
  url: string;
  audience: string;
  body: object;
  /** An attempt without an answer after this long has failed; 15 to 1800. */
  deadlineSeconds: number;
}

/** A queue of Cloud Tasks. */
export interface TaskQueue {
  /**
   * Adds a call. Returns `known` if the queue has or had its name within the last hour. Throws if Cloud Tasks does not
   * answer, or refuses the call.
   */
  add(call: QueuedCall): Promise<'added' | 'known'>;
}

/** Opens the queue as this function's account; Google and the local cloud get the same requests. */
export function openQueue({ google }: Config, { queue, serviceAccount }: TasksConfig): TaskQueue {
  // One token outlives a run by far.
  let token: string | undefined;
  const post = async (task: object): Promise<Reply> => {
    token ??= await ownIdentity(google.metadata).accessToken();
    const response = await fetch(`${google.tasks}/v2/${queue}/tasks`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ task }),
      signal: AbortSignal.timeout(CALL_MS),
    });
    return { status: response.status, text: await response.text() };
  };
  return {
    async add({ id, url, audience, body, deadlineSeconds }) {
      const answer = await callWithRetries(() =>
        post({
          name: `${queue}/tasks/${id}`,
          dispatchDeadline: `${deadlineSeconds}s`,
          httpRequest: {
            url,
            httpMethod: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: Buffer.from(JSON.stringify(body)).toString('base64'),
            oidcToken: { serviceAccountEmail: serviceAccount, audience },
          },
        }),
      );
      if (answer.status === 409) return 'known';
      if (answer.status === 200) return 'added';
      throw new Error(
        `Cloud Tasks answered ${answer.status} for ${queue}: ${answer.text.slice(0, MAX_QUOTED)}`,
      );
    },
  };
}

interface Reply {
  status: number;
  text: string;
}

/** Retries if that may help. Returns or throws the result of the last try. */
async function callWithRetries(call: () => Promise<Reply>): Promise<Reply> {
  for (const waitMs of WAITS_MS) {
    const reply = await call().catch(() => null);
    if (reply && !REPEATED.includes(reply.status)) return reply;
    await delay(waitMs);
  }
  return call();
}
