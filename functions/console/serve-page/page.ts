import { randomBytes } from 'node:crypto';
import type { Config } from '../../../shared/doors/config.ts';
import { HttpError } from '../../../shared/doors/http/errors.ts';
import { type HttpRequest, type HttpResponse, header, location } from '../../../shared/doors/http/request.ts';
import { requireMethod } from '../../../shared/doors/http/route.ts';
import { pageAsset, pageHtml } from './files.ts';
import { signInOrigins } from './sign-in-origins.ts';

const HOME = '/console/';
const ASSETS = '/console/assets/';
/** Assets bear the hash of their content in their name: what a browser has of one stays true. */
const FOREVER = 'public, max-age=31536000, immutable';

/** Addresses of the systems before, and where a person who opens one in a browser is led. */
const LED: Record<string, string> = {
  '/': HOME,
  '/console': HOME,
  '/admin/settings': `${HOME}settings`,
  '/tickets/alerts/config': `${HOME}alerts`,
};

/**
 * Answers what a browser opens as a page, and says whether it was that: the console's own page and its files, and the old
 * addresses that lead there. None of it holds any data, so none needs a proof: the page asks the admin API for everything,
 * as whoever has signed in.
 */
export async function sendPage(
  request: HttpRequest,
  response: HttpResponse,
  config: Config,
): Promise<boolean> {
  const { path } = location(request);
  const ledTo = LED[path];
  // The same address may be an API's, too: only who wants HTML is led.
  const asks =
    ['GET', 'HEAD'].includes(request.method) && /\btext\/html\b/.test(header(request, 'accept') ?? '');
  const slashed = request.url.split('?')[0] === HOME;
  if (ledTo !== undefined && !slashed && (asks || path === '/console')) {
    requireMethod(request.method, ['GET', 'HEAD']);
    lead(response, path === '/' ? ownHost(config) + ledTo : ledTo);
    return true;
  }
  if (path !== '/console' && !path.startsWith(HOME)) return false;
  requireMethod(request.method, ['GET', 'HEAD']);
  if (path.startsWith(ASSETS)) await sendAsset(path.slice(ASSETS.length), request, response);
  else await sendShell(request, response, config);
  return true;
}

/**
 * The host at which the console's own paths are its own: PUBLIC_URL, else the address at run.app. At cloudfunctions.net
 * the function's name stands before every path, so a page there would not find its files. Empty where there is one host.
 */
function ownHost({ functionUrls }: Config): string {
  const found = functionUrls.findLast((url) => !new URL(url).hostname.endsWith('.cloudfunctions.net'));
  return (found ?? '').replace(/\/$/, '');
}

function lead(response: HttpResponse, to: string): void {
  response.statusCode = 302;
  response.setHeader('Location', to);
  response.setHeader('Cache-Control', 'no-store');
  response.end();
}

async function sendAsset(name: string, request: HttpRequest, response: HttpResponse): Promise<void> {
  const file = await pageAsset(name);
  if (!file) throw new HttpError(404, 'The console has no such file; load the page anew.');
  response.statusCode = 200;
  response.setHeader('Content-Type', file.type);
  response.setHeader('Cache-Control', FOREVER);
  response.setHeader('Vary', 'Accept-Encoding');
  secure(response);
  const gzip = /\bgzip\b/.test(header(request, 'accept-encoding') ?? '');
  if (gzip) response.setHeader('Content-Encoding', 'gzip');
  response.end(request.method === 'HEAD' ? undefined : gzip ? file.gzipped : file.content);
}

/** The page itself, whatever its address below /console/: the page's own router reads that. */
async function sendShell(request: HttpRequest, response: HttpResponse, config: Config): Promise<void> {
  const nonce = randomBytes(16).toString('base64');
  const html = await pageHtml();
  response.statusCode = 200;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  const issuers = config.auth ? await signInOrigins(config.auth.issuer) : [];
  response.setHeader('Content-Security-Policy', policy(nonce, issuers));
  secure(response);
  const sent = html.replace('<!--ronde-->', metas(nonce, config));
  response.end(request.method === 'HEAD' ? undefined : sent);
}

/**
 * Scripts come from here only, none is written into the page; styles too, but for those that the component library makes
 * and marks with this answer's nonce. Data comes from here and from the issuer's
 * endpoints. Nobody may frame the page.
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

function secure(response: HttpResponse): void {
  response.setHeader('Strict-Transport-Security', 'max-age=31536000');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=()');
}

/** What the page has to know before anybody has signed in; all of it is public. */
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
