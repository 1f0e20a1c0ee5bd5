/** A ticket is late after this many days in one stage, unless its stage says otherwise. */
export const DEFAULT_THRESHOLD_DAYS = 14;
export const MAX_THRESHOLD_DAYS = 365;

/** A delay is alerted again after this many hours. */
export const DEFAULT_REPEAT_HOURS = 24;
export const MAX_REPEAT_HOURS = 24 * MAX_THRESHOLD_DAYS;

/** More would be a mailing list, and a list of all of them has to fit one answer and one transaction. */
export const MAX_RECIPIENTS = 400;
