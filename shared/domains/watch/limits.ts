/** Operators, not a mailing list: each is one mail per incident. */
export const MAX_OPERATORS = 20;
