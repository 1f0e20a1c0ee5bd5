import { TooLate, within } from '../time/within.ts';
import { HttpError } from './errors.ts';

/** The part of an HTTP request that the product reads; the framework's Express request has it. */
export interface HttpRequest {
  method: string;
  /** Path and query string as sent. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  /** The body's events. The framework leaves the body unread: see framework/body.ts. */
  destroyed?: boolean;
  on(event: 'data', heard: (chunk: Buffer) => void): unknown;
  on(event: 'error', heard: (error: Error) => void): unknown;
  on(event: 'end' | 'close', heard: () => void): unknown;
  socket: { remoteAddress?: string | undefined };
}

/** The part of an HTTP response that the product writes; the framework's Express response has it. */
export interface HttpResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body?: string | Buffer): unknown;
}

export type HttpHandler = (request: HttpRequest, response: HttpResponse) => Promise<void>;

/** Bodies are small JSON objects; even a visit with long titles stays far below this. */
const MAX_BODY_BYTES = 64 * 1024;
/** A body of this size takes a second on a slow line. */
const BODY_MS = 15_000;

/** The longest path of the product is an opt-out link: 2,047 characters for an id of 1,500 bytes. */
const MAX_PATH = 2_048;

/** Returns the path (without a trailing slash) and the query of a request. Throws 400 for a path that is none or too long. */
export function location(request: HttpRequest): { path: string; query: URLSearchParams } {
  const end = request.url.indexOf('?');
  const length = end < 0 ? request.url.length : end;
  if (length > MAX_PATH)
    throw new HttpError(400, `The path has ${length} characters; at most ${MAX_PATH} are accepted.`);
  // A client may send the whole address (RFC 9112, 3.2.2).
  const whole = /^https?:\/\//i.test(request.url) ? request.url : `http://ronde.invalid${request.url}`;
  const url = /^(https?:\/)?\//i.test(request.url) ? URL.parse(whole) : null;
  if (!url) throw new HttpError(400, 'The address of this request is no path; begin it with a slash.');
  return { path: withoutEndSlashes(url.pathname) || '/', query: url.searchParams };
}

/** Returns a path without the slashes at its end. A pattern such as `/+$` would take quadratic time. */
export function withoutEndSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

/** Returns a header's value; several of one name are joined as HTTP defines. */
export function header(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Reads the JSON object of a body, `{}` if it is empty. Throws 400 for any other value, and 413 over 64 KiB. */
export async function jsonBody(request: HttpRequest): Promise<Record<string, unknown>> {
  const raw = await readBody(request);
  if (raw.length === 0) return {};
  const value = parse(raw);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'The body is not a JSON object; send one, such as {"dry_run": true}.');
  }
  return value as Record<string, unknown>;
}

/** Reads a body within BODY_MS: a caller who sends an octet a minute would hold a place of the instance. */
function readBody(request: HttpRequest): Promise<Buffer> {
  return within(BODY_MS, 'The caller', readToEnd(request)).catch((error: unknown) => {
    if (!(error instanceof TooLate)) throw error;
    throw new HttpError(400, `The body did not end within ${BODY_MS / 1_000} s; send it faster.`, {
      // The rest of the body is not read.
      headers: { Connection: 'close' },
    });
  });
}

/** Reads by events: on this busy path, an iterator would cost a promise for each step. */
function readToEnd(request: HttpRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // Reads a large body to its end: otherwise a client that still sends would see a reset, not the response.
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    const cutOff = () => reject(new HttpError(400, 'The body was cut off; send it again.'));
    // The client went away, which is no fault of this function.
    request.on('error', cutOff);
    if (request.destroyed) cutOff();
    // `close` comes after `end` too; then the promise is already settled.
    request.on('close', cutOff);
    request.on('end', () => {
      if (size <= MAX_BODY_BYTES) resolve(Buffer.concat(chunks));
      else reject(new HttpError(413, `The body has ${size} bytes; at most ${MAX_BODY_BYTES} are accepted.`));
    });
  });
}

/** An escape may write half of an emoji, which no store accepts. */
const HALF_CHARACTER = /\\u[dD][89a-fA-F]/;
const wellFormed = (_name: string, value: unknown) =>
  typeof value === 'string' ? value.toWellFormed() : value;

function parse(raw: Buffer): unknown {
  try {
    // RFC 8259, 8.1: a reader may ignore a byte order mark.
    const text = raw.toString('utf8').replace(/^\uFEFF/, '');
    return HALF_CHARACTER.test(text) ? JSON.parse(text, wellFormed) : JSON.parse(text);
  } catch {
    throw new HttpError(400, 'The body is not JSON; send a JSON object.');
  }
}

/** Answers with a JSON body. */
export function sendJson(
  response: HttpResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
) {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(JSON.stringify(body));
}

/** Answers 204 without a body. */
export function sendEmpty(response: HttpResponse): void {
  response.statusCode = 204;
  response.setHeader('Cache-Control', 'no-store');
  response.end();
}
