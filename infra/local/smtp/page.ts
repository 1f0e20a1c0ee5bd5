import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { html } from '../../../shared/doors/mail/html.ts';
import { type LoopbackServer, serveLoopback } from '../loopback-server.ts';
import type { InboxMail } from './inbox.ts';

const refusal = z.object({
  address: z.string().min(3),
  code: z.coerce.number().int().min(400).max(599),
  text: z.string().max(200).optional(),
});

/** The part of the mail server that the inbox page uses. */
interface InboxSource {
  mails(): readonly InboxMail[];
  refuse(address: string, code: number, text?: string): void;
  clear(): void;
}

/**
 * Serves the inbox over HTTP. `GET /` answers a page to browsers and JSON otherwise; `GET /N.html` shows mail N
 * without scripts and remote content.
 */
export function serveInbox(smtp: InboxSource): Promise<LoopbackServer> {
  return serveLoopback(0, async (request, response, body) => {
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname;
    const [, number] = /^\/(\d+)\.html$/.exec(path) ?? [];
    if (request.method === 'POST' && path === '/refuse') return refuse(smtp, body, response);
    if (request.method === 'DELETE' && path === '/') {
      smtp.clear();
      return void response.writeHead(204).end();
    }
    if (request.method !== 'GET' || (path !== '/' && number === undefined)) return notFound(response);
    if (number !== undefined) {
      const mail = smtp.mails()[Number(number)];
      return mail ? sendHtml(response, mail.html) : notFound(response);
    }
    const asPage = request.headers.accept?.includes('text/html') ?? false;
    return asPage ? sendHtml(response, list(smtp.mails())) : sendJson(response, 200, smtp.mails());
  });
}

function refuse(smtp: InboxSource, body: string, response: ServerResponse): void {
  const parsed = refusal.safeParse(parseJson(body));
  if (!parsed.success) {
    const message = 'POST /refuse takes {"address": "a@b.example", "code": 550}; a code is 400 to 599.';
    sendJson(response, 400, { error: { code: 'invalid_argument', message } });
    return;
  }
  const { address, code, text } = parsed.data;
  smtp.refuse(address, code, text);
  response.writeHead(204).end();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function notFound(response: ServerResponse): void {
  const message = 'The inbox takes GET and DELETE on /, GET on /N.html, POST on /refuse.';
  sendJson(response, 404, { error: { code: 'not_found', message } });
}

function sendHtml(response: ServerResponse, markup: string): void {
  response
    .writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'",
    })
    .end(markup);
}

function list(mails: readonly InboxMail[]): string {
  const rows = mails.map(
    (mail, index) => html`<tr><td>${mail.received_at}</td><td>${mail.to.join(', ')}</td>
<td dir="auto"><a href="/${index}.html">${mail.subject || '(no subject)'}</a></td></tr>`,
  );
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Inbox</title>
<style>body{font:15px/1.5 system-ui;margin:2rem;color-scheme:light dark}td{padding:.3rem 1rem .3rem 0}</style></head>
<body><h1>Inbox: ${mails.length} mail(s)</h1><table>${rows}</table></body></html>`.markup;
}
