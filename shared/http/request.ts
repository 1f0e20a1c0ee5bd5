import { HttpError } from './errors.ts';

/** The part of an HTTP request that the product reads; the framework's Express request fits it. */
export interface HttpRequest {
  method: string;
  /** Path and query string as sent. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body?: unknown;
  rawBody?: Buffer | undefined;
  socket: { remoteAddress?: string | undefined };
}

/** The part of an HTTP response that the product writes; the framework's Express response fits it. */
export interface HttpResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body?: string): unknown;
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
export function jsonBody(request: HttpRequest): Record<string, unknown> {
  const raw = request.rawBody;
  if (!raw || raw.length === 0) return {};
  if (raw.length > MAX_BODY_BYTES) {
    throw new HttpError(413, `The body has ${raw.length} bytes; at most ${MAX_BODY_BYTES} are taken.`);
  }
  const value = parse(raw);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'The body is not a JSON object; send one, such as {"dry_run": true}.');
  }
  return value as Record<string, unknown>;
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
