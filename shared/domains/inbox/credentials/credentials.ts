import { createHash } from 'node:crypto';
import * as z from 'zod';
import { readSecret, type SecretPlaces, SecretUnreadable } from '../../../doors/google/secrets.ts';
import { type Credentials, MailboxError } from '../imap/connection.ts';
import { type Integration, ownerOf } from '../integration.ts';
import { renewAccessToken } from './access-token.ts';
import {
  type CredentialSource,
  credentialSource,
  type Refreshable,
  sourceFromSecret,
} from './credential-source.ts';
import { SealBroken, type SealingKeys, seal, unseal } from './sealed.ts';

export interface CredentialContext {
  now: Date;
  config: SecretPlaces & { sealingKeys: SealingKeys; local: boolean };
  /** Called before a token is got, which only one may do at a time: some servers give a refresh token for one use only. */
  alone?: (() => Promise<void>) | undefined;
}

/** Credentials that sign in now. */
export interface Resolved {
  credentials: Credentials;
  /** Fields of `auth` to keep: newly sealed credentials, or a new token. */
  keep: { sealed?: string; token?: string };
  /** The access token is an older one: where it is refused, a new one may be got. */
  renewable: boolean;
}

/** An access token that was got, and what from: new credentials do away with it. */
const kept = z.object({
  of: z.string(),
  access_token: z.string(),
  expires_at: z.number(),
  refresh_token: z.string(),
});

/** Returns an integration's credentials. `renew` asks for a new access token even if the old one is still valid. */
export async function resolveCredentials(
  integration: Integration,
  context: CredentialContext,
  renew = false,
): Promise<Resolved> {
  const { source, resealed } = await sourceOf(integration, context);
  const keep = resealed === null ? {} : { sealed: resealed };
  const { user } = integration;
  if ('password' in source)
    return { credentials: { user, password: source.password }, keep, renewable: false };
  if ('access_token' in source)
    return { credentials: { user, accessToken: source.access_token }, keep, renewable: false };
  const { now, config } = context;
  const old = tokenOf(integration, source, config.sealingKeys);
  if (old && !renew && old.expires_at > now.getTime())
    return { credentials: { user, accessToken: old.access_token }, keep, renewable: true };
  await context.alone?.();
  const refresh_token = old?.refresh_token ?? source.refresh_token;
  const got = await renewAccessToken({ ...source, refresh_token }, now, config.local);
  const token = seal(
    JSON.stringify({ ...got, of: digest(source) }),
    ownerOf(integration.id),
    config.sealingKeys,
  );
  return { credentials: { user, accessToken: got.access_token }, keep: { ...keep, token }, renewable: false };
}

/** Opens the credentials, from the seal or from Secret Manager. Throws MailboxError if they do not open. */
async function sourceOf(
  integration: Integration,
  { config }: CredentialContext,
): Promise<{ source: CredentialSource; resealed: string | null }> {
  const { id, sealed, secretRef, method } = integration;
  try {
    if (sealed !== null) {
      const { secret, stale } = unseal(sealed, ownerOf(id), config.sealingKeys);
      const source = credentialSource.parse(JSON.parse(secret));
      return { source, resealed: stale ? seal(secret, ownerOf(id), config.sealingKeys) : null };
    }
    if (secretRef === null) throw fault('There are no credentials; enter them.');
    return { source: sourceFromSecret(method, await readSecret(config, secretRef)), resealed: null };
  } catch (error) {
    if (error instanceof MailboxError) throw error;
    const unanswered = error instanceof SecretUnreadable && (error.status === null || error.status >= 500);
    if (unanswered) throw new MailboxError({ kind: 'busy', detail: error.message }, error);
    throw fault(
      error instanceof SealBroken || error instanceof SecretUnreadable
        ? error.message
        : 'The credentials cannot be read; enter them again.',
    );
  }
}

const fault = (detail: string) => new MailboxError({ kind: 'credentials', detail }, null);

/** The token that was got with these very credentials, if there is one. */
function tokenOf({ id, token }: Integration, source: Refreshable, keys: SealingKeys) {
  if (token === null) return null;
  try {
    const found = kept.parse(JSON.parse(unseal(token, ownerOf(id), keys).secret));
    return found.of === digest(source) ? found : null;
  } catch {
    return null;
  }
}

const digest = ({ refresh_token, client_id, token_url }: Refreshable) =>
  createHash('sha256')
    .update(JSON.stringify([refresh_token, client_id, token_url]))
    .digest('base64url');
