import { HttpError } from './errors.ts';

/** The part of an HTTP request that the product reads; the framework's Express request fits it. */
export interface HttpRequest {
  method: string;
  /** Path and query string as sent. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  /** The body's bytes as they come. The framework leaves them unread: see framework/body.ts. */
  destroyed?: boolean;
  on(event: 'data', heard: (chunk: Buffer) => void): unknown;
  on(event: 'error', heard: (error: Error) => void): unknown;
  on(event: 'end' | 'close', heard: () => void): unknown;
  socket: { remoteAddress?: string | undefined };
}

/** The part of an HTTP response that the product writes; the framework's Express response fits it. */
export interface HttpResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body?: string | Buffer): unknown;
}

export type HttpHandler = (request: HttpRequest, response: HttpResponse) => Promise<void>;

/** Bodies are small JSON objects everywhere; a visit with long titles stays far below this. */
const MAX_BODY_BYTES = 64 * 1024;

/** Path (without a trailing slash) and query of a request. */
export function location(request: HttpRequest): { path: string; query: URLSearchParams } {
  const { pathname, searchParams } = new URL(`http://ronde.invalid${request.url}`);
  return { path: pathname.replace(/\/+$/, '') || '/', query: searchParams };
}

/** One header's value; several of the same name are joined as HTTP says. */
export function header(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The JSON object of a request's body; `{}` when there is none. 400 for anything else, 413 over 64 KiB. */
export async function jsonBody(request: HttpRequest): Promise<Record<string, unknown>> {
  const raw = await readBody(request);
  if (raw.length === 0) return {};
  const value = parse(raw);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'The body is not a JSON object; send one, such as {"dry_run": true}.');
  }
  return value as Record<string, unknown>;
}

/** Reads by events: an iterator costs a promise for each step, on the busiest path there is. */
function readBody(request: HttpRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // Read to its end all the same, kept or not: a client that is still sending would see a reset, not the answer.
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.on('error', reject);
    const cutOff = () => reject(new HttpError(400, 'The body was cut off; send it again.'));
    if (request.destroyed) cutOff();
    // Comes after `end` too; then the promise is settled.
    request.on('close', cutOff);
    request.on('end', () => {
      if (size <= MAX_BODY_BYTES) resolve(Buffer.concat(chunks));
      else reject(new HttpError(413, `The body has ${size} bytes; at most ${MAX_BODY_BYTES} are taken.`));
    });
  });
}

function parse(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
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

/** Answers that it is done, and nothing else: 204. */
export function sendEmpty(response: HttpResponse): void {
  response.statusCode = 204;
  response.setHeader('Cache-Control', 'no-store');
  response.end();
}
