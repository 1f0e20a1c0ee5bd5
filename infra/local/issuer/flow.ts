import { createHash, randomBytes } from 'node:crypto';
import { loginPage, type PageLanguage, refusedPage } from './pages.ts';
import { type AccountName, checkPassword } from './tokens.ts';

/** The lifetime of a code, which can be exchanged once. */
const CODE_SECONDS = 60;
const REQUEST_FIELDS = [
  ...['response_type', 'client_id', 'redirect_uri', 'scope', 'state', 'nonce'],
  ...['code_challenge', 'code_challenge_method', 'ui_locales'],
];

/** The account that signed in, and the client's wishes for its id_token. */
export interface Grant {
  name: AccountName;
  nonce: string | null;
}

interface PendingGrant extends Grant {
  clientId: string;
  redirectUri: string;
  challenge: string;
  expires: number;
}

/** The answer of /authorize: a page or a redirection. */
export type FlowReply = { status: number; html: string } | { redirect: string };

/** The authorization code flow with PKCE (S256), for clients on this machine. */
export interface CodeFlow {
  authorize(method: string, params: URLSearchParams, language: PageLanguage): FlowReply;
  /** Exchanges a code for its grant. Returns null if the code, verifier, client or address is wrong. */
  redeem(form: URLSearchParams): Grant | null;
}

/** Keeps codes in the memory of this process. */
export function codeFlow(clock: () => Date): CodeFlow {
  const codes = new Map<string, PendingGrant>();
  const issue = (params: URLSearchParams, name: AccountName): string => {
    const code = randomBytes(32).toString('base64url');
    codes.set(code, {
      name,
      nonce: params.get('nonce'),
      clientId: params.get('client_id') ?? '',
      redirectUri: params.get('redirect_uri') ?? '',
      challenge: params.get('code_challenge') ?? '',
      expires: clock().getTime() + CODE_SECONDS * 1000,
    });
    return code;
  };
  return {
    authorize: (method, params, language) => {
      const refused = refusal(params, language);
      if (refused) return refused;
      const request = new URLSearchParams([...params].filter(([key]) => REQUEST_FIELDS.includes(key)));
      if (method === 'GET') return { status: 200, html: loginPage(language, request, false) };
      const name = checkPassword(params.get('username') ?? '', params.get('password') ?? '');
      if (!name) return { status: 400, html: loginPage(language, request, true) };
      return { redirect: answerTo(params, { code: issue(params, name) }) };
    },
    redeem: (form) => {
      const code = form.get('code') ?? '';
      const found = codes.get(code);
      codes.delete(code);
      if (!found || found.expires < clock().getTime()) return null;
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      const same = form.get('redirect_uri') === found.redirectUri && form.get('client_id') === found.clientId;
      return same && challenge === found.challenge ? { name: found.name, nonce: found.nonce } : null;
    },
  };
}

function refusal(params: URLSearchParams, language: PageLanguage): FlowReply | null {
  if (!isLoopback(params.get('redirect_uri') ?? '')) {
    return {
      status: 400,
      html: refusedPage(language, 'redirect_uri must be an http address on this machine.'),
    };
  }
  const problem = requestProblem(params);
  return problem ? { redirect: answerTo(params, problem) } : null;
}

function requestProblem(params: URLSearchParams): Record<string, string> | null {
  if (params.get('response_type') !== 'code') return { error: 'unsupported_response_type' };
  if (!params.get('client_id'))
    return { error: 'invalid_request', error_description: 'client_id is missing' };
  const challenge = /^[\w-]{43}$/.test(params.get('code_challenge') ?? '');
  if (challenge && params.get('code_challenge_method') === 'S256') return null;
  return { error: 'invalid_request', error_description: 'PKCE with S256 is required' };
}

function isLoopback(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, hash } = new URL(address);
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  return protocol === 'http:' && local && username === '' && hash === '';
}

function answerTo(params: URLSearchParams, values: Record<string, string>): string {
  const target = new URL(params.get('redirect_uri') ?? '');
  for (const [key, value] of Object.entries(values)) target.searchParams.set(key, value);
  const state = params.get('state');
  if (state !== null) target.searchParams.set('state', state);
  return target.href;
}
