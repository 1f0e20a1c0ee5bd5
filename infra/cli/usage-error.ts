/** Wrong usage of the command line, in one line; ends with exit code 2. */
export class UsageError extends Error {}
