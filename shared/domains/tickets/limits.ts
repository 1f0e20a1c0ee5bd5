/** A ticket is late after this many days in one stage, unless its stage has a threshold of its own. */
export const DEFAULT_THRESHOLD_DAYS = 14;
export const MAX_THRESHOLD_DAYS = 365;

/** A delay is alerted again after this many hours. */
export const DEFAULT_REPEAT_HOURS = 24;
export const MAX_REPEAT_HOURS = 24 * MAX_THRESHOLD_DAYS;

/** The whole list must fit one answer and one transaction. More recipients need a mailing list. */
export const MAX_RECIPIENTS = 400;
