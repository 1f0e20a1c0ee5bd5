import { remoteKeys } from '../doors/auth/keys.ts';
import { systemClock } from '../doors/clock.ts';
import { type Config, type ConfigNeeds, loadConfig, loadDotEnv } from '../doors/config.ts';
import { createLog } from '../doors/log.ts';
import { openRedis } from '../doors/redis/redis.ts';
import { openStore } from '../doors/store/firestore.ts';
import type { Deps } from './task.ts';

/** Opens the real engines of a configuration, each at its first use: a refused request needs none. */
function openDeps(config: Config): Deps {
  const log = createLog();
  for (const warning of config.warnings) log.warn({}, warning);
  let store: Deps['store'] | undefined;
  let redis: Deps['redis'] | undefined;
  return {
    config,
    clock: systemClock,
    random: Math.random,
    log,
    keys: remoteKeys(),
    get store() {
      store ??= openStore(config);
      return store;
    },
    get redis() {
      redis ??= openRedis(config);
      return redis;
    },
  };
}

/**
 * Reads the environment now, so that a process with a bad one does not start, and opens the engines on the first request.
 * `needs`: the further settings that this function requires.
 */
export function processDeps(needs: ConfigNeeds = {}): () => Deps {
  loadDotEnv();
  const config = loadConfig(undefined, needs);
  let deps: Deps | undefined;
  return () => {
    deps ??= openDeps(config);
    return deps;
  };
}
