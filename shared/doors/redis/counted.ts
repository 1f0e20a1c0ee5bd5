import { Redis } from '@upstash/redis';
import type { Meter } from '../cost.ts';

type Requester = ConstructorParameters<typeof Redis>[0] & { request(...args: unknown[]): Promise<unknown> };
interface Inner {
  client: Requester;
  opts: unknown;
  enableAutoPipelining: boolean;
}

/** Returns a view of the client for one run, which adds each command to the meter. */
export function countedRedis(redis: Redis, meter: Meter): Redis {
  const { client, opts, enableAutoPipelining } = redis as unknown as Inner;
  if (typeof client?.request !== 'function')
    throw new Error(
      '@upstash/redis has no client.request() any more; adapt shared/doors/redis/counted.ts, which needs it.',
    );
  const counted = new Redis({
    request: (...args: unknown[]) => {
      meter.redis_commands += 1;
      return client.request(...args);
    },
  } as Requester);
  return Object.assign(counted, { opts, enableAutoPipelining });
}
