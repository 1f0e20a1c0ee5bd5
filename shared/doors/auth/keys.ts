import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { fetchBounded, fetchJson } from '../http/fetch-json.ts';

/** Google's issuer and its keys: https://accounts.google.com/.well-known/openid-configuration */
export const GOOGLE_ISSUER = 'https://accounts.google.com';
const GOOGLE_KEYS = 'https://www.googleapis.com/oauth2/v3/certs';
const TIMEOUT_MS = 5_000;
/** After an unknown key id, jose asks the issuer again no sooner than this: a new key works within this time. */
const COOLDOWN_MS = 5_000;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Finds the signing keys of an issuer; `jwksUrl` replaces its discovery. */
export type KeySource = (issuer: string, jwksUrl?: string) => Promise<JWTVerifyGetKey>;

/**
 * Finds keys by OIDC discovery, once per issuer; jose refreshes them when an unknown key id appears.
 * A failed discovery is not kept: the next request tries again.
 */
export function remoteKeys(): KeySource {
  const known = new Map<string, Promise<JWTVerifyGetKey>>();
  return (issuer, jwksUrl) => {
    const name = jwksUrl ?? issuer;
    const found = known.get(name);
    if (found) return found;
    const keys = discover(issuer, jwksUrl);
    known.set(name, keys);
    keys.catch(() => known.delete(name));
    return keys;
  };
}

/** jose follows no redirect; the key set is bounded like the discovery document. */
const keysAt = (url: string): JWTVerifyGetKey =>
  createRemoteJWKSet(new URL(url), {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    [customFetch]: fetchBounded,
  });

/** Throws if the issuer's document names another issuer (OpenID Connect Discovery 1.0, 4.3). */
async function discover(issuer: string, jwksUrl?: string): Promise<JWTVerifyGetKey> {
  const direct = jwksUrl ?? (issuer === GOOGLE_ISSUER ? GOOGLE_KEYS : undefined);
  if (direct !== undefined) return keysAt(direct);
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { issuer: named, jwks_uri } = discovery.parse(await fetchJson(address, TIMEOUT_MS));
  if (named !== issuer)
    throw new Error(
      `The discovery document names the issuer ${named}, and AUTH_ISSUER is ${issuer}; make them equal, or set AUTH_JWKS_URL`,
    );
  return keysAt(jwks_uri);
}
