export const MAX_LEVELS = 10;
/** The longest time between a start and a level, between two mails, and of grace. */
export const MAX_DAYS = 365;
/** An invoice is overdue only after its due date has passed: a reminder on the day itself would be early. */
export const MIN_AFTER_DAYS = { invoice: 1, quote: 0 } as const;
export const MIN_GAP_DAYS = 1;
export const MIN_GRACE_DAYS = 0;
/** The most mails that a run or a day may be limited to. */
export const MAX_MAILS = 100_000;

/** The lengths of a template's subject and text. */
export const MAX_SUBJECT = 200;
export const MAX_TEXT = 10_000;

/** The longest address of a page that a mail links to. */
export const MAX_LINK = 1_000;

/** The length of a note about a customer. */
export const MAX_NOTE = 2_000;

/** The length of what a person gives as the reason of a change. */
export const MAX_REASON = 500;
