import { type HttpRequest, type HttpResponse, header } from './request.ts';

/** How long a browser may remember a preflight's answer, in seconds; browsers cap it at two hours. */
const MAX_AGE_SECONDS = 7200;

/**
 * CORS for the allowed origins only. Returns true when the request was a preflight, which has then been answered: with
 * the permission for an allowed origin, without one for any other.
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
    // Without it a page cannot see how long it is asked to wait.
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
