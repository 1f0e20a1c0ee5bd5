import { type HttpRequest, type HttpResponse, header, location } from '../../shared/http/request.ts';

/** The originals' pages and the console's that replace them. */
const PAGES: Readonly<Record<string, string>> = {
  '/tickets/alerts/config': '/console/alerts',
  '/admin/settings': '/console/settings',
};

/**
 * Leads a browser that asks for a page of the originals to the console's. It needs no proof: a page holds no data, and a
 * browser that follows a bookmark has no token to show. False where the request is not for such a page.
 */
export function redirectedToPage(request: HttpRequest, response: HttpResponse): boolean {
  const page = PAGES[location(request).path];
  const wantsPage = request.method === 'GET' && /\btext\/html\b/i.test(header(request, 'accept') ?? '');
  if (page === undefined || !wantsPage) return false;
  response.statusCode = 302;
  response.setHeader('Location', page);
  response.setHeader('Vary', 'Accept');
  response.setHeader('Cache-Control', 'no-store');
  response.end();
  return true;
}
