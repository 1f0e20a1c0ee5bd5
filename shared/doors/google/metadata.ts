import * as z from 'zod';

const ACCOUNT = '/computeMetadata/v1/instance/service-accounts/default';
const TIMEOUT_MS = 3_000;

const accessReply = z.object({ access_token: z.string().min(1) });

/** The tokens of this function's account. The metadata server caches them until they expire. */
export interface OwnIdentity {
  /** Returns a Google-signed OIDC token for one audience, with the account's verified e-mail. */
  identityToken(audience: string): Promise<string>;
  /** Returns an OAuth access token for Google's APIs. */
  accessToken(): Promise<string>;
}

/** Opens the metadata server at this address. Only functions in Google Cloud or the local cloud can reach it. */
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
