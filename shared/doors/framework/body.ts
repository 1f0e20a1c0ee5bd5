import type { HttpRequest } from '../http/request.ts';

/**
 * Keeps the Functions Framework from reading a body. Its parsers skip the body of a request without these two headers;
 * Node's stream does not need them.
 */
export function leaveBodyUnread(request: Pick<HttpRequest, 'headers'>): void {
  delete request.headers['content-length'];
  delete request.headers['transfer-encoding'];
}
