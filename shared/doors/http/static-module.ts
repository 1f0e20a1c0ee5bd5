import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type HttpRequest, header } from './request.ts';
import { Content } from './router.ts';

/** How long a browser uses the module without asking, in seconds: a new version is everywhere within the hour. */
const MAX_AGE_SECONDS = 3600;

interface Module {
  text: string;
  gzipped: Buffer;
  etag: string;
}

/**
 * Makes what answers a GET with a module for web pages, which `load` gives as text, once for all. It is the same for
 * everybody and needs no proof; its ETag is its content's hash, so that a cache asks in vain until it changes.
 */
export function moduleSender(
  load: () => Promise<string>,
): (call: { request: HttpRequest }) => Promise<Content> {
  let loaded: Promise<Module> | undefined;
  return async ({ request }) => {
    loaded ??= load().then(pack);
    const module = await loaded.catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return answerWith(module, request);
  };
}

function answerWith({ text, gzipped, etag }: Module, request: HttpRequest): Content {
  const cached = {
    'Cache-Control': `public, max-age=${MAX_AGE_SECONDS}`,
    ETag: etag,
    Vary: 'Origin, Accept-Encoding',
  };
  if (header(request, 'if-none-match')?.includes(etag)) return new Content(304, cached);
  const gzip = /\bgzip\b/.test(header(request, 'accept-encoding') ?? '');
  const headers = {
    ...cached,
    'Content-Type': 'text/javascript; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    // A module of another site's page is taken only with this.
    'Cross-Origin-Resource-Policy': 'cross-origin',
    ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
  };
  return new Content(200, headers, gzip ? gzipped : text);
}

function pack(text: string): Module {
  // Weak: the same module, whatever the encoding.
  const etag = `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
  return { text, gzipped: gzipSync(text), etag };
}
