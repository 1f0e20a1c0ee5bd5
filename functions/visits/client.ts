import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type HttpRequest, type HttpResponse, header } from '../../shared/http/request.ts';

/** The browser's module, written in by infra/build.ts; absent where the sources run as they are. */
declare const VISITS_CLIENT: string;

/** How long a browser uses the module without asking, in seconds: a new version is everywhere within the hour. */
const MAX_AGE_SECONDS = 3600;

interface Module {
  text: string;
  gzipped: Buffer;
  etag: string;
}

let loaded: Promise<Module> | undefined;

/**
 * Answers GET /api/v1/visits/client.js with the module that reports visits from a web page. It is the same for everybody
 * and needs no proof; its ETag is its content's hash, so that a cache asks in vain until it changes.
 */
export async function sendClient(request: HttpRequest, response: HttpResponse): Promise<void> {
  loaded ??= load();
  const { text, gzipped, etag } = await loaded.catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
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

async function load(): Promise<Module> {
  const text =
    typeof VISITS_CLIENT === 'undefined'
      ? await (await import('../../shared/browser/bundle.ts')).bundleClient()
      : VISITS_CLIENT;
  // Weak: the same module, whatever the encoding.
  const etag = `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
  return { text, gzipped: gzipSync(text), etag };
}
