/**
 * The most attempts of Cloud Tasks at one batch, the first included. The last attempt settles the batch, even with
 * failures.
 */
export const BATCH_ATTEMPTS = 3;

/** The wait between two attempts. A killed attempt's lease expires after 30 s. */
export const BATCH_BACKOFF_SECONDS = 35;
