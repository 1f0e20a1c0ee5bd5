/** A segment that names one thing: a number, a UUID, or a long text with a digit in it such as a token. */
const IDS = /^(\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[^/]*\d)[\w~.%-]{16,})$/i;

/**
 * Replaces the segments of a path that name one thing by `:id`, so that pages of one kind count together and no token is
 * stored. For the option `mapPath`.
 *
 * @example
 * maskIds('/clients/4711/reset/8a7f3c2e9b1d4f60') // '/clients/:id/reset/:id'
 */
export const maskIds = (path: string): string =>
  path
    .split('/')
    .map((segment) => (IDS.test(segment) ? ':id' : segment))
    .join('/');
