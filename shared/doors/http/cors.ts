import { type HttpRequest, type HttpResponse, header } from './request.ts';

/** A browser may cache a preflight's response this long; browsers cap it at two hours. */
const MAX_AGE_SECONDS = 7200;

/**
 * Handles CORS for the allowed origins. Returns true if the request was a preflight, which it has then answered: with
 * permission for an allowed origin, without for any other.
 */
export function handleCors(
  request: HttpRequest,
  response: HttpResponse,
  allowed: readonly string[],
): boolean {
  const origin = header(request, 'origin');
  response.setHeader('Vary', 'Origin');
  if (origin !== undefined && allowed.includes(origin)) {
    response.setHeader('Access-Control-Allow-Origin', origin);
    // Lets a page read how long it should wait.
    response.setHeader('Access-Control-Expose-Headers', 'Retry-After');
    if (request.method === 'OPTIONS') {
      response.setHeader('Access-Control-Allow-Methods', 'GET, POST');
      response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type');
      response.setHeader('Access-Control-Max-Age', String(MAX_AGE_SECONDS));
    }
  }
  if (request.method !== 'OPTIONS') return false;
  response.statusCode = 204;
  response.end();
  return true;
}
