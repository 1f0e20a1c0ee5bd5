import * as z from 'zod';

const token = z.string().min(1).max(8_000);

/** Fields that get an access token again and again (RFC 6749, 6). */
export const refreshable = z.strictObject({
  refresh_token: token,
  client_id: z.string().min(1).max(1_000),
  client_secret: token.optional(),
  token_url: z.url({ protocol: /^https?$/ }).max(2_000),
});
export type Refreshable = z.infer<typeof refreshable>;

/** Credentials from an administrator: a password, an access token that expires, or fields that get a new token. */
export const credentialSource = z.union([
  z.strictObject({ password: z.string().min(1) }),
  z.strictObject({ access_token: token }),
  refreshable,
]);
export type CredentialSource = z.infer<typeof credentialSource>;

/**
 * Secrets of Secret Manager that credentials may be read from. The prefix keeps the product's own secrets out: a
 * person who adds a mailbox could else have them sent to another server.
 */
export const SECRET_REF =
  /^(projects\/[a-z0-9-]{4,63}\/secrets\/)?inbox-[\w-]{1,240}(\/versions\/(\d{1,9}|latest))?$/;

/** A secret's text as credentials: the password itself, or, for xoauth2, JSON as the API takes it, or an access token. */
export function sourceFromSecret(method: 'password' | 'xoauth2', text: string): CredentialSource {
  const value = text.replace(/\r?\n$/, '');
  if (method === 'password') return credentialSource.parse({ password: value });
  return credentialSource.parse(
    value.trimStart().startsWith('{') ? JSON.parse(value) : { access_token: value },
  );
}
