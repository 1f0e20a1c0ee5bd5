import type { IncomingMessage, ServerResponse } from 'node:http';
import { jwtVerify } from 'jose';
import type { CodeFlow, Grant } from './flow.ts';
import { pickLanguage } from './pages.ts';
import { SHAPE_NAMES, type TokenShape, toShape } from './shapes.ts';
import { checkPassword, type SigningKey } from './tokens.ts';

/** The data behind the issuer's routes. */
export interface IssuerState {
  clock: () => Date;
  issuer: string;
  googleIssuer: string;
  key: SigningKey;
  googleKey: SigningKey;
  flow: CodeFlow;
  /** Returns the /token reply for a signed-in account, in a new session. */
  session(grant: Grant, shape?: TokenShape): Promise<Record<string, unknown>>;
  /** Returns the /token reply with the next token of a sign-in. Throws for a token of another issuer. */
  refresh(token: string): Promise<Record<string, unknown>>;
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'authorization, content-type',
};
const PAGE = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
};

/** Answers one request to the issuer. */
export async function handle(
  state: IssuerState,
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
) {
  const url = new URL(request.url ?? '/', state.issuer);
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  if (url.pathname === '/authorize' && (method === 'GET' || method === 'POST')) {
    return authorize(
      state,
      request,
      response,
      method === 'GET' ? url.searchParams : new URLSearchParams(body),
    );
  }
  if (method === 'OPTIONS') return void response.writeHead(204, CORS).end();
  const { status, reply } = await api(state, `${method} ${url.pathname}`, request, new URLSearchParams(body));
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', ...CORS };
  response.writeHead(status, headers).end(JSON.stringify(reply));
}

type IssuerReply = { status: number; reply: unknown };

async function api(
  state: IssuerState,
  route: string,
  request: IncomingMessage,
  form: URLSearchParams,
): Promise<IssuerReply> {
  const ok = (reply: unknown): IssuerReply => ({ status: 200, reply });
  if (route === 'GET /.well-known/openid-configuration') return ok(discovery(state.issuer));
  if (route === 'GET /jwks') return ok(state.key.jwks);
  if (route === 'GET /google/.well-known/openid-configuration') return ok(discovery(state.googleIssuer));
  if (route === 'GET /google/jwks') return ok(state.googleKey.jwks);
  if (route === 'POST /token') return token(state, form);
  if (route === 'GET /userinfo' || route === 'POST /userinfo') return userinfo(state, request);
  return { status: 404, reply: { error: 'not_found' } };
}

const discovery = (issuer: string): Record<string, unknown> => ({
  issuer,
  jwks_uri: `${issuer}/jwks`,
  ...(issuer.endsWith('/google')
    ? {}
    : {
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        grant_types_supported: ['authorization_code', 'password'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
        scopes_supported: ['openid', 'email', 'profile'],
        ui_locales_supported: ['en', 'fr'],
      }),
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
});

async function token(state: IssuerState, form: URLSearchParams): Promise<IssuerReply> {
  const refused = (error: string, error_description?: string): IssuerReply => ({
    status: 400,
    reply: { error, ...(error_description === undefined ? {} : { error_description }) },
  });
  const before = form.get('refresh_of');
  if (before !== null) {
    const reply = await state.refresh(before).catch(() => null);
    return reply ? { status: 200, reply } : refused('invalid_grant', 'refresh_of is no token of this issuer');
  }
  const type = form.get('grant_type');
  if (type !== 'password' && type !== 'authorization_code') return refused('unsupported_grant_type');
  const asked = form.get('shape');
  const shape = asked === null ? undefined : toShape(asked);
  if (asked !== null && !shape)
    return refused('invalid_request', `shape must be one of ${SHAPE_NAMES.join(', ')}`);
  const grant = type === 'password' ? passwordGrant(form) : state.flow.redeem(form);
  if (!grant) return refused('invalid_grant');
  return { status: 200, reply: await state.session(grant, shape) };
}

function passwordGrant(form: URLSearchParams): Grant | null {
  const name = checkPassword(form.get('username') ?? '', form.get('password') ?? '');
  return name && { name, nonce: null };
}

async function userinfo(state: IssuerState, request: IncomingMessage): Promise<IssuerReply> {
  try {
    const sent = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const options = { issuer: state.issuer, algorithms: ['RS256'], currentDate: state.clock() };
    const { payload } = await jwtVerify(sent, state.key.publicKey, options);
    const { sub, email, name, role, sid } = payload;
    return { status: 200, reply: { sub, email, name, role, sid } };
  } catch {
    return { status: 401, reply: { error: 'invalid_token' } };
  }
}

function authorize(
  state: IssuerState,
  request: IncomingMessage,
  response: ServerResponse,
  params: URLSearchParams,
) {
  const language = pickLanguage(params.get('ui_locales'), request.headers['accept-language']);
  const reply = state.flow.authorize(request.method === 'POST' ? 'POST' : 'GET', params, language);
  if ('redirect' in reply)
    response.writeHead(303, { location: reply.redirect, 'cache-control': 'no-store' }).end();
  else response.writeHead(reply.status, { ...PAGE, 'content-language': language }).end(reply.html);
}
