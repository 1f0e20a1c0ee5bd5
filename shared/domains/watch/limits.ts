/** Each operator gets one mail per incident, so this is no mailing list. */
export const MAX_OPERATORS = 20;
