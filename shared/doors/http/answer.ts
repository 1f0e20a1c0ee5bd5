import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Log } from '../log.ts';
import { HttpError } from './errors.ts';
import { type HttpResponse, sendEmpty, sendJson } from './request.ts';
import { Answer, type Answered, Content } from './router.ts';

/** Sends the result of a route's handler. If a stream breaks off, the response breaks off too, which the client sees. */
export async function sendAnswer(response: HttpResponse, answered: Answered): Promise<void> {
  if (answered === null) return sendEmpty(response);
  if (answered instanceof Answer) return sendJson(response, answered.status, answered.body, answered.headers);
  if (!(answered instanceof Content)) return sendJson(response, 200, answered);
  const { status, headers, content } = answered;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (content instanceof Readable)
    await pipeline(content, response as unknown as Writable).catch(() => undefined);
  else response.end(content);
}

/**
 * Answers with an error. The caller gets an HttpError as it is. Any other error is a bug: the caller gets 500 without its
 * text, and the log gets its stack in the field that Error Reporting reads.
 */
export function sendError(response: HttpResponse, error: unknown, log: Log, fields: object): void {
  if (error instanceof HttpError) {
    log.warn({ ...fields, status: error.status, check: error.check }, `refused: ${error.check}`);
    sendJson(response, error.status, error.body(), error.headers);
    return;
  }
  const stack_trace = (error instanceof Error && error.stack) || String(error);
  log.error({ ...fields, status: 500, stack_trace }, 'failed');
  sendJson(response, 500, new HttpError(500, 'The function failed; its log has the reason.').body());
}
