import { createHash } from 'node:crypto';
import { HttpError } from '../../shared/doors/http/errors.ts';
import { type HttpRequest, header } from '../../shared/doors/http/request.ts';
import { Content } from '../../shared/doors/http/router.ts';
import { moduleSender } from '../../shared/doors/http/static-module.ts';

/** The browser's module. infra/build.ts puts it into the bundle; it is absent if the sources run directly. */
declare const VISITS_CLIENT: string;
/** The package of the client as JSON, likewise. */
declare const VISITS_PACKAGE: string;

/** The files of the package by name, and its tarball in base64. */
interface ClientPackage {
  files: Record<string, string>;
  tarball: string;
}

/** Answers GET /api/v1/visits/client.js with the module that reports visits from a web page. */
export const sendClient = moduleSender(async () =>
  typeof VISITS_CLIENT === 'undefined'
    ? (await import('../../shared/browser/bundle.ts')).bundleClient('visits')
    : VISITS_CLIENT,
);

let loaded: Promise<ClientPackage> | undefined;

const loadPackage = async (): Promise<ClientPackage> =>
  typeof VISITS_PACKAGE === 'undefined'
    ? (await import('../../shared/browser/package/build-package.ts')).toBundled()
    : JSON.parse(VISITS_PACKAGE);

/** Answers GET /api/v1/visits/client.tgz with the package `@ronde/browser`, for `npm install URL`. */
export async function sendTarball({ request }: { request: HttpRequest }): Promise<Content> {
  loaded ??= loadPackage();
  return sendFile(request, Buffer.from((await loaded).tarball, 'base64'), 'application/gzip');
}

/** Answers GET /api/v1/visits/client/FILE with a file of the package, such as `react.js` or `visits.d.ts`. */
export async function sendPackageFile(call: {
  request: HttpRequest;
  path: Record<string, string>;
}): Promise<Content> {
  loaded ??= loadPackage();
  const { files } = await loaded;
  const name = call.path['file'] ?? '';
  const text = Object.hasOwn(files, name) ? files[name] : undefined;
  if (text === undefined)
    throw new HttpError(404, `No such file; the package has ${Object.keys(files).join(', ')}.`);
  const type = name.endsWith('.json') ? 'application/json' : 'text/javascript; charset=utf-8';
  return sendFile(call.request, Buffer.from(text), type);
}

/** The file may change with every deployment, so a cache asks again and gets 304. */
function sendFile(request: HttpRequest, content: Buffer, type: string): Content {
  const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`;
  const headers = {
    'Cache-Control': 'public, no-cache',
    ETag: etag,
    'Content-Type': type,
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'cross-origin',
  };
  const known = header(request, 'if-none-match')?.includes(etag);
  return known ? new Content(304, headers) : new Content(200, headers, content);
}
