import type { Firestore } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { noUsage, type Usage } from './cost.ts';
import type { Log } from './log.ts';
import { openPost } from './mail/open-post.ts';
import type { Post } from './mail/post.ts';
import { countedRedis } from './redis/counted.ts';
import { countedStore } from './store/counted.ts';

/** The engines of one process. */
export interface ProcessEngines {
  store: Firestore;
  redis: Redis;
  config: Config;
  clock: Clock;
  log: Log;
  /** Returns a number from 0 to 1, by chance. */
  random: () => number;
}

/** Stores that count their own use. */
export interface CountedStores {
  store: Firestore;
  redis: Redis;
  /** Returns the use so far, mails included. */
  usage(): Usage;
}

/** The engines of one run. */
export interface CountedEngines extends CountedStores {
  /** Outgoing mail; undefined if no EMAIL_HOST is configured. */
  post: Post | undefined;
}

/** Returns views of the stores that count their use. */
export function countStores(
  { store, redis }: { store: Firestore; redis: Redis },
  meter = noUsage(),
): CountedStores {
  return {
    store: countedStore(store, meter),
    redis: countedRedis(redis, meter),
    usage: () => ({ ...meter }),
  };
}

/** Opens the engines of one run. No delivery may end after the deadline. */
export function openCounted(engines: ProcessEngines, deadline?: Date): CountedEngines {
  const meter = noUsage();
  const counted = countStores(engines, meter);
  // Engines may open lazily, or belong to a prototype: a spread would lose them.
  const { config, clock, log } = engines;
  return { ...counted, post: openPost({ config, clock, log, store: counted.store }, meter, deadline) };
}
