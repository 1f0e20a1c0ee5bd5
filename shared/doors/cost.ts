/** The services that are billed by use, as counted inside their doors. */
export interface Usage {
  firestore_reads: number;
  firestore_writes: number;
  firestore_deletes: number;
  redis_commands: number;
  emails: number;
}

/** A usage that the doors add to. */
export type Meter = Usage;

/** A usage with its estimated price in USD, free tiers not deducted. */
export interface Cost extends Usage {
  usd: number;
}

/**
 * List prices in USD per unit, as of November 2026.
 * Firestore Standard, single region: https://cloud.google.com/firestore/pricing (a multi-region costs twice that).
 * Upstash pay-as-you-go: https://upstash.com/docs/redis/overall/billing. Mail goes through your own SMTP account.
 */
const USD: Record<keyof Usage, number> = {
  firestore_reads: 0.03 / 100_000,
  firestore_writes: 0.09 / 100_000,
  firestore_deletes: 0.01 / 100_000,
  redis_commands: 0.2 / 100_000,
  emails: 0,
};

const KINDS = Object.keys(USD) as (keyof Usage)[];

/** Returns a usage with every count at zero. */
export function noUsage(): Meter {
  return { firestore_reads: 0, firestore_writes: 0, firestore_deletes: 0, redis_commands: 0, emails: 0 };
}

/** Returns the sum of two usages. */
export function addUsage(usage: Usage, more: Partial<Usage>): Usage {
  const sum = { ...usage };
  for (const kind of KINDS) sum[kind] += more[kind] ?? 0;
  return sum;
}

/** Returns a usage with its price. */
export function costOf(usage: Usage): Cost {
  const usd = KINDS.reduce((sum, kind) => sum + usage[kind] * USD[kind], 0);
  return { ...usage, usd: Number(usd.toFixed(9)) };
}
