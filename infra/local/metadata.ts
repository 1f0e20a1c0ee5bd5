import { serveLoopback } from './loopback-server.ts';

const ACCOUNT = '/computeMetadata/v1/instance/service-accounts/default';
const TOKEN_SECONDS = 3600;

export interface LocalMetadata {
  /** The base address, as http://metadata.google.internal is on Google Cloud. */
  url: string;
  stop(): Promise<void>;
}

/**
 * The metadata server of Google Cloud, as far as a function asks it who it is: identity tokens for an audience, which
 * `sign` makes, and an access token, which the local cloud's Google services do not look at.
 */
export async function startMetadata(sign: (audience: string) => Promise<string>): Promise<LocalMetadata> {
  return serveLoopback(0, async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://metadata');
    const audience = searchParams.get('audience');
    // The real one refuses whoever was only led here: https://cloud.google.com/compute/docs/metadata/querying-metadata
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
