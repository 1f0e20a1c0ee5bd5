import { createHash } from 'node:crypto';
import * as z from 'zod';
import { readSecret, type SecretPlaces, SecretUnreadable } from '../google/secrets.ts';
import {
  type CredentialSource,
  credentialSource,
  type Renewable,
  sourceFromSecret,
} from './credential-source.ts';
import { CredentialFault } from './fault.ts';
import { SealBroken, type SealingKeys, seal, unseal } from './sealed.ts';
import { renewAccessToken } from './token-client.ts';

export interface CredentialContext {
  now: Date;
  config: SecretPlaces & { sealingKeys: SealingKeys; local: boolean };
  /** Called before a new token is fetched. Only one process may do that at a time: some servers accept a refresh token once. */
  alone?: (() => Promise<void>) | undefined;
}

/** The credentials of an account as its document holds them. */
export interface StoredCredentials {
  /** The document that they are sealed for, such as `inbox_integrations/a`. */
  owner: string;
  user: string;
  method: 'password' | 'xoauth2';
  /** The sealed credentials, or the name of the secret that holds them, or the credentials of the environment. */
  sealed: string | null;
  secretRef: string | null;
  source?: CredentialSource;
  /** A sealed access token that was got with them. */
  token: string | null;
}

/** Credentials that sign in now. */
export interface Resolved {
  credentials: { user: string; password?: string; accessToken?: string };
  /** Fields of `auth` to keep: newly sealed credentials, or a new token. */
  keep: { sealed?: string; token?: string };
  /** True if the access token is an older one; if it is refused, a new one may help. */
  renewable: boolean;
}

/** An access token that was got, and what from: new credentials do away with it. */
const kept = z.object({
  of: z.string(),
  access_token: z.string(),
  expires_at: z.number(),
  refresh_token: z.string().nullable(),
});

/**
 * Returns an account's credentials. `refused` is an access token that the server does not take: it is replaced even if it
 * has not expired. Throws CredentialFault.
 */
export async function resolveCredentials(
  stored: StoredCredentials,
  context: CredentialContext,
  refused: string | null = null,
): Promise<Resolved> {
  const { source, resealed } = await sourceOf(stored, context);
  const keep = resealed === null ? {} : { sealed: resealed };
  const { user, owner } = stored;
  if ('password' in source)
    return { credentials: { user, password: source.password }, keep, renewable: false };
  if ('access_token' in source)
    return { credentials: { user, accessToken: source.access_token }, keep, renewable: false };
  const { now, config } = context;
  const old = tokenOf(stored, source, config.sealingKeys);
  if (old && old.access_token !== refused && old.expires_at > now.getTime())
    return { credentials: { user, accessToken: old.access_token }, keep, renewable: true };
  await context.alone?.();
  const newest = old?.refresh_token ? { ...source, refresh_token: old.refresh_token } : source;
  const got = await renewAccessToken(newest, now, config.local);
  const { sealingKeys } = config;
  const token = JSON.stringify({ ...got, of: digest(source) });
  return {
    credentials: { user, accessToken: got.access_token },
    // The environment's account works without a sealing key; its tokens then last as long as the run.
    keep: sealingKeys.length === 0 ? keep : { ...keep, token: seal(token, owner, sealingKeys) },
    renewable: false,
  };
}

/** Opens the credentials, from the seal, Secret Manager or the environment. Throws CredentialFault if they do not open. */
async function sourceOf(
  { owner, sealed, secretRef, source, method }: StoredCredentials,
  { config }: CredentialContext,
): Promise<{ source: CredentialSource; resealed: string | null }> {
  if (source) return { source, resealed: null };
  try {
    if (sealed !== null) {
      const { secret, stale } = unseal(sealed, owner, config.sealingKeys);
      const opened = credentialSource.parse(JSON.parse(secret));
      return { source: opened, resealed: stale ? seal(secret, owner, config.sealingKeys) : null };
    }
    if (secretRef === null) throw new CredentialFault('credentials', 'There are no credentials; enter them.');
    return { source: sourceFromSecret(method, await readSecret(config, secretRef)), resealed: null };
  } catch (error) {
    if (error instanceof CredentialFault) throw error;
    const unanswered = error instanceof SecretUnreadable && (error.status === null || error.status >= 500);
    if (unanswered) throw new CredentialFault('busy', error.message, error);
    const isKnown = error instanceof SealBroken || error instanceof SecretUnreadable;
    throw new CredentialFault(
      'credentials',
      isKnown ? error.message : 'The credentials cannot be read; enter them again.',
    );
  }
}

/** The token that was got with these very credentials, if there is one. */
function tokenOf({ owner, token }: StoredCredentials, source: Renewable, keys: SealingKeys) {
  if (token === null) return null;
  try {
    const found = kept.parse(JSON.parse(unseal(token, owner, keys).secret));
    return found.of === digest(source) ? found : null;
  } catch {
    return null;
  }
}

function digest(source: Renewable): string {
  const grant = 'refresh_token' in source ? source.refresh_token : source.scope;
  const parts = [grant, source.client_id, source.token_url];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
