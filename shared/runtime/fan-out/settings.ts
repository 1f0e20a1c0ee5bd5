/**
 * How often Cloud Tasks tries a batch that was not answered with success, the first time included. The last attempt settles
 * the batch whatever becomes of it.
 */
export const BATCH_ATTEMPTS = 3;

/** The wait between two attempts: what a killed one had leased is free again after 30 s. */
export const BATCH_BACKOFF_SECONDS = 35;
