import type { HttpRequest } from '../http/request.ts';

/**
 * Keeps the Functions Framework from reading a body. Its parsers take a request without these two headers for one without
 * a body; Node's own reading of the stream does not depend on them.
 */
export function leaveBodyUnread(request: Pick<HttpRequest, 'headers'>): void {
  delete request.headers['content-length'];
  delete request.headers['transfer-encoding'];
}
