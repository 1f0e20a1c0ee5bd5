import { randomUUID } from 'node:crypto';
import { serveLoopback } from '../../../infra/local/loopback-server.ts';

/** A token server like those of mail providers, with the introspection (RFC 7662) that Dovecot uses. */
export interface TokenServer {
  tokenUrl: string;
  introspection: string;
  /** Returns a grant for an account; its refresh token works once. */
  grant(user: string): { refresh_token: string; client_id: string; client_secret: string; token_url: string };
  /** Returns the account of an access token that is valid, else null. */
  userOf(token: string): string | null;
  /** The grant types that were used, in order. */
  grants: string[];
  /** The number of access tokens issued. */
  handedOut(): number;
  /** Makes every access token expire now, in spite of its promised lifetime. */
  endAll(): void;
  /** Rejects requests with this status and OAuth error. Null ends it. */
  refuse(how: { status: number; error: string } | null): void;
  stop(): Promise<void>;
}

const LIFE_S = 3600;

export async function startTokenServer(): Promise<TokenServer> {
  const refresh = new Map<string, string>();
  const access = new Map<string, string>();
  const client = { client_id: 'ronde', client_secret: randomUUID() };
  const grants: string[] = [];
  let count = 0;
  let refusing: { status: number; error: string } | null = null;
  const server = await serveLoopback(0, async (request, response, body) => {
    const form = new URLSearchParams(body);
    const reply = (status: number, content: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    if (request.url === '/introspect') {
      const email = access.get(form.get('token') ?? '');
      return reply(200, email === undefined ? { active: 'false' } : { active: 'true', email });
    }
    if (refusing)
      return reply(refusing.status, { error: refusing.error, error_description: 'refused by the test' });
    const used = form.get('refresh_token') ?? '';
    const type = form.get('grant_type') ?? '';
    grants.push(type);
    // The client's own grant is for the account that its scope names.
    const user = type === 'client_credentials' ? (form.get('scope') ?? '') : refresh.get(used);
    const known = form.get('client_secret') === client.client_secret;
    if (!known) return reply(401, { error: 'invalid_client' });
    if (user === undefined) return reply(400, { error: 'invalid_grant' });
    refresh.delete(used);
    const given = { access_token: randomUUID(), refresh_token: randomUUID() };
    refresh.set(given.refresh_token, user);
    access.set(given.access_token, user);
    count += 1;
    reply(200, { ...given, token_type: 'Bearer', expires_in: LIFE_S });
  });
  const tokenUrl = `${server.url}/token`;
  return {
    tokenUrl,
    introspection: `${server.url}/introspect`,
    grant(user) {
      const refresh_token = randomUUID();
      refresh.set(refresh_token, user);
      return { refresh_token, ...client, token_url: tokenUrl };
    },
    userOf: (token) => access.get(token) ?? null,
    grants,
    handedOut: () => count,
    endAll: () => access.clear(),
    refuse(how) {
      refusing = how;
    },
    stop: () => server.stop(),
  };
}
