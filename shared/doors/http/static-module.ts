import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type HttpRequest, header } from './request.ts';
import { Content } from './router.ts';

/** A browser uses the module this long without asking: a new version is everywhere within the hour. */
const MAX_AGE_SECONDS = 3600;

interface Module {
  text: string;
  gzipped: Buffer;
  etag: string;
}

/**
 * Makes a handler that answers a GET with a module for web pages. It calls `load` once for the module's text. The ETag is
 * the content's hash, so that a cache gets 304 until the module changes.
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
    // A page of another site accepts the module only with this.
    'Cross-Origin-Resource-Policy': 'cross-origin',
    ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
  };
  return new Content(200, headers, gzip ? gzipped : text);
}

function pack(text: string): Module {
  // Weak, since the module is the same in every encoding.
  const etag = `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
  return { text, gzipped: gzipSync(text), etag };
}
