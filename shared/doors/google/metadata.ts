import * as z from 'zod';

const ACCOUNT = '/computeMetadata/v1/instance/service-accounts/default';
const TIMEOUT_MS = 3_000;

const accessReply = z.object({ access_token: z.string().min(1) });

/** The tokens of the account that this function runs as. The metadata server keeps them itself until they run out. */
export interface OwnIdentity {
  /** A Google-signed OIDC token for one audience: who this is, with its verified e-mail. */
  identityToken(audience: string): Promise<string>;
  /** An OAuth access token for Google's own APIs. */
  accessToken(): Promise<string>;
}

/** Asks the metadata server at this address, which is reached from inside Google Cloud (or the local cloud) only. */
export function ownIdentity(server: string): OwnIdentity {
  return {
    identityToken: (audience) =>
      ask(`${server}${ACCOUNT}/identity?audience=${encodeURIComponent(audience)}&format=full`),
    accessToken: async () => {
      const text = await ask(`${server}${ACCOUNT}/token`);
      return accessReply.parse(JSON.parse(text)).access_token;
    },
  };
}

async function ask(url: string): Promise<string> {
  const response = await fetch(url, {
    headers: { 'Metadata-Flavor': 'Google' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`The metadata server answered ${response.status}`);
  return response.text();
}
