import * as z from 'zod';
import { maskSecrets } from '../mail/mask-secrets.ts';
import { within } from '../time/within.ts';
import type { Renewable } from './credential-source.ts';
import { CredentialFault } from './fault.ts';
import { postGuarded } from './guarded-request.ts';
import { ForbiddenHost } from './public-address.ts';

const ANSWER_MS = 10_000;
/** A token has a few kilobytes. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Where the server does not say how long its token lives (RFC 6749, 5.1 recommends that it does). */
const DEFAULT_LIFE_S = 600;
/** A token is renewed this long before its end, so that it lives for the sync. */
const MARGIN_MS = 60_000;

const granted = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().optional(),
  refresh_token: z.string().min(1).optional(),
});
const refused = z.object({ error: z.string().max(100), error_description: z.string().max(300).optional() });

export interface AccessToken {
  access_token: string;
  /** Milliseconds since the epoch, with a margin. */
  expires_at: number;
  /** The refresh token to be used from now on, since some servers give a new one each time. Null without one. */
  refresh_token: string | null;
}

/** Gets an access token (RFC 6749, 4.4 and 6). Throws CredentialFault. */
export async function renewAccessToken(source: Renewable, now: Date, local: boolean): Promise<AccessToken> {
  const grant =
    'refresh_token' in source
      ? { grant_type: 'refresh_token', refresh_token: source.refresh_token }
      : { grant_type: 'client_credentials', scope: source.scope };
  return await requestToken(source, grant, now, local);
}

/** Asks a token server for a token by any grant. Throws CredentialFault. */
async function requestToken(
  client: { client_id: string; client_secret?: string | undefined; token_url: string },
  grant: Readonly<Record<string, string>>,
  now: Date,
  local: boolean,
): Promise<AccessToken> {
  const { client_id, client_secret, token_url } = client;
  const { grant_type: _type, scope: _scope, ...secret } = grant;
  const secrets = [...Object.values(secret), client_secret ?? ''];
  const form = new URLSearchParams({
    ...grant,
    client_id,
    ...(client_secret === undefined ? {} : { client_secret }),
  });
  const posted = postGuarded(new URL(token_url), {
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
    body: form.toString(),
    ...{ local, timeoutMs: ANSWER_MS, maxBytes: MAX_ANSWER_BYTES },
  });
  const answer = await within(ANSWER_MS, 'The token server', posted).catch((error: unknown) => {
    if (error instanceof ForbiddenHost) throw new CredentialFault('host', error.message, error);
    const said = error instanceof Error ? error.message : String(error);
    throw new CredentialFault('network', `the token server: ${maskSecrets(said, secrets)}`, error);
  });
  const body = parsed(answer.body);
  const success = answer.status === 200 ? granted.safeParse(body).data : undefined;
  if (!success) throw refusal(answer.status, body, secrets);
  return {
    access_token: success.access_token,
    expires_at: now.getTime() + (success.expires_in ?? DEFAULT_LIFE_S) * 1_000 - MARGIN_MS,
    refresh_token: success.refresh_token ?? grant['refresh_token'] ?? null,
  };
}

/** A person must act on these refusals (RFC 6749, 5.2). */
const REMEDIES: Readonly<Record<string, string>> = {
  invalid_grant:
    '; the consent was withdrawn or has ended: connect the account again. At Google it ends after a week while the app’s publishing status is Testing: publish the app',
  invalid_client: '; the client id or its secret is wrong, or the secret has expired: enter a new one',
};

/** RFC 6749, 5.2: a refused grant or client needs a person. Anything else is the server's trouble. */
function refusal(status: number, body: unknown, secrets: readonly string[]): CredentialFault {
  const { error, error_description } = refused.safeParse(body).data ?? {};
  const said = [error, error_description].filter(Boolean).join(': ');
  const why = maskSecrets(said, secrets) || `HTTP ${status}`;
  const isFinal = error !== undefined && status >= 400 && status < 500 && status !== 429;
  const kind = !isFinal ? 'busy' : error === 'invalid_grant' ? 'consent' : 'client';
  const remedy = isFinal ? (REMEDIES[error] ?? '') : '';
  return new CredentialFault(kind, `the token server refuses: ${why}${remedy}`);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
