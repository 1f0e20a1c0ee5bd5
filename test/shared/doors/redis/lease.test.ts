import type { Redis } from '@upstash/redis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { takeLease } from '../../../../shared/doors/redis/lease.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => vi.useRealTimers());

/** A Redis that grants every lease, and counts its renewals. */
function granting() {
  const seen = { renewals: 0 };
  const redis = {
    set: async () => 'OK',
    async eval() {
      seen.renewals += 1;
      return 1;
    },
  } as unknown as Redis;
  return { seen, redis };
}

it.each([
  [5, 0],
  [60, 6],
  [300, 30],
])('renews the lease of a budget of %i s %i times, then gives it up', async (budget, renewals) => {
  const { seen, redis } = granting();
  const lease = await takeLease(redis, 'lease:x', budget);
  await vi.advanceTimersByTimeAsync(renewals * 10_000);
  expect(seen.renewals).toBe(renewals);
  expect(lease?.held()).toBe(true);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(seen.renewals).toBe(renewals);
  expect(lease?.held()).toBe(false);
});
