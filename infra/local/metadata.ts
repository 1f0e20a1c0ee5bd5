import { serveLoopback } from './loopback-server.ts';

const ACCOUNT = '/computeMetadata/v1/instance/service-accounts/default';
const TOKEN_SECONDS = 3600;

export interface LocalMetadata {
  /** The base address, in place of http://metadata.google.internal. */
  url: string;
  stop(): Promise<void>;
}

/**
 * Starts the part of Google Cloud's metadata server that functions use: identity tokens, signed by `sign`, and one
 * access token. The local Google services do not check the access token.
 */
export async function startMetadata(sign: (audience: string) => Promise<string>): Promise<LocalMetadata> {
  return serveLoopback(0, async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://metadata');
    const audience = searchParams.get('audience');
    // Like the real server, rejects requests that were only redirected here:
    // https://cloud.google.com/compute/docs/metadata/querying-metadata
    if (request.headers['metadata-flavor'] !== 'Google' || request.headers['x-forwarded-for'] !== undefined)
      return void response.writeHead(403).end();
    response.setHeader('Metadata-Flavor', 'Google');
    if (pathname === `${ACCOUNT}/identity` && audience) {
      const token = await sign(audience);
      return void response.writeHead(200, { 'content-type': 'text/html' }).end(token);
    }
    if (pathname === `${ACCOUNT}/token`) {
      const reply = { access_token: 'local', expires_in: TOKEN_SECONDS, token_type: 'Bearer' };
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
    }
    response.writeHead(404).end();
  });
}
