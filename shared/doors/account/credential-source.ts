import * as z from 'zod';

const token = z.string().min(1).max(8_000);
const client = { client_id: z.string().min(1).max(1_000), client_secret: token };
const tokenUrl = z.url({ protocol: /^https?$/ }).max(2_000);

/** Fields that get an access token again and again by a refresh token (RFC 6749, 6). */
export const refreshable = z.strictObject({
  refresh_token: token,
  client_id: client.client_id,
  client_secret: client.client_secret.optional(),
  token_url: tokenUrl,
});

/**
 * The scope of an app that signs in by itself to a Microsoft mailbox
 * (https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth).
 */
const MICROSOFT_APP_SCOPE = 'https://outlook.office365.com/.default';

/** Fields that get an access token by the client's own credentials, without a person (RFC 6749, 4.4). */
export const clientGrant = z.strictObject({
  ...client,
  token_url: tokenUrl,
  scope: z.string().min(1).max(1_000).default(MICROSOFT_APP_SCOPE),
});

/** Fields that get access tokens. */
const renewable = z.union([refreshable, clientGrant]);
export type Renewable = z.infer<typeof renewable>;

/** Credentials from an administrator: a password, an access token that expires, or fields that get a new token. */
export const credentialSource = z.union([
  z.strictObject({ password: z.string().min(1) }),
  z.strictObject({ access_token: token }),
  refreshable,
  clientGrant,
]);
export type CredentialSource = z.infer<typeof credentialSource>;

/**
 * Secrets of Secret Manager that credentials may be read from. The prefix keeps the product's own secrets out: a
 * person who adds an account could else have them sent to another server.
 */
export const SECRET_REF =
  /^(projects\/[a-z0-9-]{4,63}\/secrets\/)?(inbox|mail)-[\w-]{1,240}(\/versions\/(\d{1,9}|latest))?$/;

/** A secret's text as credentials: the password itself, or, for xoauth2, JSON as the API takes it, or an access token. */
export function sourceFromSecret(method: 'password' | 'xoauth2', text: string): CredentialSource {
  const value = text.replace(/\r?\n$/, '');
  if (method === 'password') return credentialSource.parse({ password: value });
  return credentialSource.parse(
    value.trimStart().startsWith('{') ? JSON.parse(value) : { access_token: value },
  );
}
