import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type HttpRequest, type HttpResponse, header } from './request.ts';

/** How long a browser uses the module without asking, in seconds: a new version is everywhere within the hour. */
const MAX_AGE_SECONDS = 3600;

interface Module {
  text: string;
  gzipped: Buffer;
  etag: string;
}

/**
 * Answers a GET with a module for web pages, which `load` gives as text, once for all. It is the same for everybody and
 * needs no proof; its ETag is its content's hash, so that a cache asks in vain until it changes.
 */
export function moduleSender(
  load: () => Promise<string>,
): (request: HttpRequest, response: HttpResponse) => Promise<void> {
  let loaded: Promise<Module> | undefined;
  return async (request, response) => {
    loaded ??= load().then(pack);
    const module = await loaded.catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    send(module, request, response);
  };
}

function send({ text, gzipped, etag }: Module, request: HttpRequest, response: HttpResponse): void {
  response.setHeader('Cache-Control', `public, max-age=${MAX_AGE_SECONDS}`);
  response.setHeader('ETag', etag);
  response.setHeader('Vary', 'Origin, Accept-Encoding');
  if (header(request, 'if-none-match')?.includes(etag)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.statusCode = 200;
  response.setHeader('Content-Type', 'text/javascript; charset=utf-8');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  // A module of another site's page is taken only with this.
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  const gzip = /\bgzip\b/.test(header(request, 'accept-encoding') ?? '');
  if (gzip) response.setHeader('Content-Encoding', 'gzip');
  response.end(request.method === 'HEAD' ? undefined : gzip ? gzipped : text);
}

function pack(text: string): Module {
  // Weak: the same module, whatever the encoding.
  const etag = `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
  return { text, gzipped: gzipSync(text), etag };
}
