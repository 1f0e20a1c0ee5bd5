import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { ownIdentity } from './metadata.ts';
import type { TasksConfig } from './tasks-settings.ts';

// One POST of Cloud Tasks' REST v2. Its official client cannot be bundled (it looks for JSON files beside itself) and would
// add 6 MB to each function; what is sent here is what it sends.

const CALL_MS = 2_500;
/** Waits before each further try. A task that has a name may be created again: the name says that it is the same. */
const WAITS_MS = [200, 1_000];
/** Answers that a further try may heal: quota exceeded, and the service's own troubles. */
const REPEATED = [429, 500, 502, 503, 504];

const MAX_SHOWN = 300;

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
  /**
   * Adds a call; one of a name that the queue knows, or knew within the last hour, is not added again. Throws when Cloud
   * Tasks does not answer, or does not take it.
   */
  add(call: QueuedCall): Promise<'added' | 'known'>;
}

/** Opens the queue, as this function's own account; the same requests reach Google and the local cloud. */
export function openQueue({ google }: Config, { queue, serviceAccount }: TasksConfig): TaskQueue {
  // Asked for once: the token outlives a run by far.
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
      const answer = await persistently(() =>
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
        `Cloud Tasks answered ${answer.status} for ${queue}: ${answer.text.slice(0, MAX_SHOWN)}`,
      );
    },
  };
}

interface Reply {
  status: number;
  text: string;
}

/** Tries again where that may help; the last try's answer, or what it threw, is the word. */
async function persistently(call: () => Promise<Reply>): Promise<Reply> {
  for (const waitMs of WAITS_MS) {
    const reply = await call().catch(() => null);
    if (reply && !REPEATED.includes(reply.status)) return reply;
    await delay(waitMs);
  }
  return call();
}
