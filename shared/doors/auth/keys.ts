import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';

/** Google's issuer and its keys: https://accounts.google.com/.well-known/openid-configuration */
export const GOOGLE_ISSUER = 'https://accounts.google.com';
const GOOGLE_KEYS = 'https://www.googleapis.com/oauth2/v3/certs';
const TIMEOUT_MS = 5_000;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Finds the signing keys of an issuer. */
export type KeySource = (issuer: string) => Promise<JWTVerifyGetKey>;

/**
 * Finds keys by OIDC discovery, once per issuer; jose refreshes them when an unknown key id appears.
 * A failed discovery is not kept: the next request tries again.
 */
export function remoteKeys(): KeySource {
  const known = new Map<string, Promise<JWTVerifyGetKey>>();
  return (issuer) => {
    const found = known.get(issuer);
    if (found) return found;
    const keys = discover(issuer);
    known.set(issuer, keys);
    keys.catch(() => known.delete(issuer));
    return keys;
  };
}

async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  if (issuer === GOOGLE_ISSUER)
    return createRemoteJWKSet(new URL(GOOGLE_KEYS), { timeoutDuration: TIMEOUT_MS });
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`The issuer's discovery document answered ${response.status}`);
  const { jwks_uri } = discovery.parse(await response.json());
  return createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: TIMEOUT_MS });
}
