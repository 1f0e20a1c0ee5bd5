/** What one run has used, counted where the calls are made. */
export interface Meter {
  firestore_reads: number;
  firestore_writes: number;
  firestore_deletes: number;
  redis_commands: number;
  emails: number;
}

/**
 * List prices in USD per unit, as of November 2026.
 * Firestore Standard, single region: https://cloud.google.com/firestore/pricing (a multi-region costs twice that).
 * Upstash pay-as-you-go: https://upstash.com/docs/redis/overall/billing. Mail goes through your own SMTP account.
 */
const USD: Record<keyof Meter, number> = {
  firestore_reads: 0.03 / 100_000,
  firestore_writes: 0.09 / 100_000,
  firestore_deletes: 0.01 / 100_000,
  redis_commands: 0.2 / 100_000,
  emails: 0,
};

/** A meter that has counted nothing yet. */
export function newMeter(): Meter {
  return { firestore_reads: 0, firestore_writes: 0, firestore_deletes: 0, redis_commands: 0, emails: 0 };
}

/** The meter's counts with their estimated price in USD, free tiers not deducted. */
export function cost(meter: Meter): Meter & { usd: number } {
  const kinds = Object.keys(USD) as (keyof Meter)[];
  const usd = kinds.reduce((sum, kind) => sum + meter[kind] * USD[kind], 0);
  return { ...meter, usd: Number(usd.toFixed(9)) };
}
