import { randomUUID } from 'node:crypto';
import type { Redis } from '@upstash/redis';
import { evalScript } from './redis.ts';

/** A killed holder's lease is gone after this long. */
const LEASE_SECONDS = 30;
/** The holder renews its lease this often: two renewals may fail before it is lost. */
const RENEW_MS = 10_000;

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;
const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;

export interface Lease {
  /** Returns false once a renewal found that the lease expired or has another holder, or once it was given up. */
  held(): boolean;
  /** Releases the lease if this holder still has it (compare and delete). Never throws: an unreleased lease expires. */
  release(): Promise<void>;
}

/**
 * Takes the lease of this name. Returns null if it has another holder. Throws if Redis is out of reach.
 *
 * Redis measures the lease's time, so no clock of this process matters. The last renewal is within the holder's
 * budget, so the lease ends at most 30 seconds after it: work that hangs must not keep all later runs away.
 */
export async function takeLease(redis: Redis, name: string, budgetSeconds: number): Promise<Lease | null> {
  const token = randomUUID();
  const taken = await redis.set(name, token, { nx: true, px: LEASE_SECONDS * 1000 });
  if (taken === null) return null;
  let held = true;
  let renewals = Math.floor((budgetSeconds * 1000) / RENEW_MS);
  const timer = setInterval(async () => {
    if (renewals <= 0) {
      clearInterval(timer);
      held = false;
      return;
    }
    renewals -= 1;
    const renewed = await evalScript(redis, RENEW, [name], [token, String(LEASE_SECONDS * 1000)]).catch(
      () => null,
    );
    if (renewed !== null && Number(renewed) === 0) held = false;
  }, RENEW_MS);
  timer.unref();
  return {
    held: () => held,
    release: async () => {
      clearInterval(timer);
      await redis.eval(RELEASE, [name], [token]).catch(() => undefined);
    },
  };
}
