import * as z from 'zod';
import { fetchJson } from '../../../shared/doors/http/fetch-json.ts';

/** The page waits for this once; an issuer that is away signs nobody in anyway. */
const TIMEOUT_MS = 2_000;

const discovery = z.object({ token_endpoint: z.url().optional(), userinfo_endpoint: z.url().optional() });

const known = new Map<string, Promise<string[]>>();

/**
 * The origins that a browser asks when somebody signs in: the issuer's own, and those of the endpoints that its discovery
 * document names, which may lie elsewhere (Google's do). Found once; without an answer it is the issuer's own alone.
 */
export async function signInOrigins(issuer: string): Promise<string[]> {
  const found = known.get(issuer) ?? discover(issuer);
  known.set(issuer, found);
  return await found.catch(() => {
    known.delete(issuer);
    return [new URL(issuer).origin];
  });
}

async function discover(issuer: string): Promise<string[]> {
  const document = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { token_endpoint, userinfo_endpoint } = discovery.parse(await fetchJson(document, TIMEOUT_MS));
  const addresses = [issuer, token_endpoint, userinfo_endpoint].filter((one) => one !== undefined);
  const origins = addresses
    .map((address) => new URL(address))
    .filter(({ protocol }) => /^https?:$/.test(protocol));
  return [...new Set(origins.map(({ origin }) => origin))];
}
