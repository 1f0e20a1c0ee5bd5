import type { Log } from '../log.ts';
import { HttpError } from './errors.ts';
import { type HttpResponse, sendJson } from './request.ts';

/**
 * Answers with an error. An HttpError is told to the caller as it is; anything else is a bug of ours: 500 without its
 * text, which goes to the log with its stack.
 */
export function sendError(response: HttpResponse, error: unknown, log: Log, fields: object): void {
  if (error instanceof HttpError) {
    log.warn({ ...fields, status: error.status, check: error.check }, `refused: ${error.check}`);
    sendJson(response, error.status, error.body(), error.headers);
    return;
  }
  const { stack } = error instanceof Error ? error : { stack: String(error) };
  log.error({ ...fields, status: 500, stack }, 'failed');
  sendJson(response, 500, new HttpError(500, 'The function failed; its log has the reason.').body());
}
