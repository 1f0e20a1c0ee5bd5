import { decodeJwt } from 'jose';
import { serveLoopback } from '../../../infra/local/loopback-server.ts';

export interface TokenService {
  url: string;
  /** Every request, as `TOKEN PATH BODY`. */
  asked: string[];
  stop(): Promise<void>;
}

const EMAIL = /serviceAccounts\/([^:]+):/;

/**
 * Starts Google's Security Token Service, its OAuth endpoint and IAM Credentials on loopback. An access token names its
 * holder, so that a test sees by whom a call was made. `sign` makes identity tokens.
 */
export async function startTokenService(
  sign: (email: string | undefined, audience: string) => Promise<string>,
): Promise<TokenService> {
  const asked: string[] = [];
  const server = await serveLoopback(0, async (request, response, body) => {
    const path = decodeURIComponent(request.url ?? '');
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '-';
    asked.push(`${token} ${path} ${body}`);
    const answer = await respond(path, token, body);
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: { code: 404, message: 'no such route' } }));
  });
  const respond = async (path: string, token: string, body: string): Promise<object | null> => {
    const [, email = ''] = EMAIL.exec(path) ?? [];
    if (path.endsWith(':generateAccessToken'))
      return { accessToken: `token-of-${email}-by-${token}`, expireTime: '2099-01-01T00:00:00Z' };
    if (path.endsWith(':generateIdToken')) {
      const { audience, includeEmail } = JSON.parse(body) as { audience: string; includeEmail?: boolean };
      return { token: await sign(includeEmail ? email : undefined, audience) };
    }
    if (path === '/sts') {
      const subject = new URLSearchParams(body).get('subject_token') ?? JSON.parse(body).subjectToken;
      return {
        access_token: `federated-${subject}`,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: 3600,
      };
    }
    if (path !== '/token') return null;
    const { iss, target_audience: audience } = decodeJwt(new URLSearchParams(body).get('assertion') ?? '');
    if (typeof audience === 'string') return { id_token: await sign(iss, audience) };
    return { access_token: `token-of-${iss}`, expires_in: 3600, token_type: 'Bearer' };
  };
  return { url: server.url, asked, stop: () => server.stop() };
}
