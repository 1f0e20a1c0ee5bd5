/** Longer than a lease, so that a retry finds the lease of a killed run expired. */
export const RETRY_AFTER_SECONDS = 35;
