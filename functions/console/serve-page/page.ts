import { randomBytes } from 'node:crypto';
import type { Config } from '../../../shared/doors/config.ts';
import { HttpError } from '../../../shared/doors/http/errors.ts';
import { type HttpRequest, header } from '../../../shared/doors/http/request.ts';
import { Content, type OpenRoute, openReads } from '../../../shared/doors/http/router.ts';
import type { Deps } from '../../../shared/runtime/task.ts';
import { pageAsset, pageHtml } from './files.ts';
import { signInOrigins } from './sign-in-origins.ts';

const HOME = '/console/';
/** Assets bear the hash of their content in their name: what a browser has of one stays true. */
const FOREVER = 'public, max-age=31536000, immutable';

const SECURE = {
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
};

/** An address of the systems before may be an API's, too: only a browser that wants a page is led. */
const WANTS_PAGE = /\btext\/html\b/;

/**
 * The routes that a browser opens as a page: the console's own page and its files, and the old addresses that lead there.
 * They hold no data and need no proof: the page asks the admin API for everything, as the person who has signed in.
 */
export const pageRoutes: readonly OpenRoute<Deps>[] = [
  ...openReads<Deps>('/', async ({ deps }) => leadTo(ownHost(deps.config) + HOME), WANTS_PAGE),
  ...openReads<Deps>('/admin/settings', async () => leadTo(`${HOME}settings`), WANTS_PAGE),
  ...openReads<Deps>('/tickets/alerts/config', async () => leadTo(`${HOME}alerts`), WANTS_PAGE),
  ...openReads<Deps>('/console', ({ deps, request }) =>
    request.url.split('?')[0] === HOME ? answerShell(deps.config) : leadTo(HOME),
  ),
  ...openReads<Deps>('/console/assets/{file=**}', ({ path, request }) =>
    answerAsset(path.file ?? '', request),
  ),
  ...openReads<Deps>('/console/{page=**}', ({ deps }) => answerShell(deps.config)),
];

/**
 * The host at which the console's own paths are its own: PUBLIC_URL, else the address at run.app. At cloudfunctions.net
 * the function's name stands before every path, so a page there would not find its files. Empty on a host of its own.
 */
function ownHost({ functionUrls }: Config): string {
  const found = functionUrls.findLast((url) => !new URL(url).hostname.endsWith('.cloudfunctions.net'));
  return (found ?? '').replace(/\/$/, '');
}

async function leadTo(address: string): Promise<Content> {
  return new Content(302, { Location: address, 'Cache-Control': 'no-store' });
}

async function answerAsset(name: string, request: HttpRequest): Promise<Content> {
  const file = await pageAsset(name);
  if (!file) throw new HttpError(404, 'The console has no such file; reload the page.');
  const gzip = /\bgzip\b/.test(header(request, 'accept-encoding') ?? '');
  const headers = {
    'Content-Type': file.type,
    'Cache-Control': FOREVER,
    Vary: 'Accept-Encoding',
    ...SECURE,
    ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
  };
  return new Content(200, headers, gzip ? file.gzipped : file.content);
}

/** The page itself, at any address below /console/: the page's own router reads that. */
async function answerShell(config: Config): Promise<Content> {
  const nonce = randomBytes(16).toString('base64');
  const html = await pageHtml();
  const issuers = config.auth ? await signInOrigins(config.auth.issuer) : [];
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': policy(nonce, issuers),
    ...SECURE,
  };
  return new Content(200, headers, html.replace('<!--ronde-->', metas(nonce, config)));
}

/**
 * Scripts come from here only, none is written into the page; styles too, but for those that the component library makes
 * and marks with this answer's nonce. Data comes from here and from the issuer's
 * endpoints. No other page may frame this one.
 */
function policy(nonce: string, issuers: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self'",
    "font-src 'self'",
    `connect-src ${["'self'", ...issuers].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The settings that the page needs before a person signs in; all of it is public. */
function metas(nonce: string, { auth }: Config): string {
  const values = {
    'ronde-nonce': nonce,
    'ronde-issuer': auth?.issuer ?? '',
    'ronde-client': auth?.clientId ?? '',
    'ronde-audience': auth?.audience ?? '',
  };
  const meta = ([name, value]: [string, string]) => `<meta name="${name}" content="${escaped(value)}">`;
  return Object.entries(values).map(meta).join('\n    ');
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
