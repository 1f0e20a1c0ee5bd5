/** A little longer than a lease lasts, so that the retry finds a killed run's lease gone. */
export const RETRY_AFTER_SECONDS = 35;
