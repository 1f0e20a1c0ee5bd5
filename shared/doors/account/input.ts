import * as z from 'zod';
import { clientGrant, refreshable, SECRET_REF } from './credential-source.ts';
import { type SealingKeys, seal } from './sealed.ts';

/** A text on one line. */
export const line = (max: number, min = 0) => {
  const rule = `must be a text of ${min} to ${max} characters on one line`;
  return z
    .string(rule)
    .trim()
    .min(min, rule)
    .max(max, rule)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u, rule);
};

/** The host name of a server, with an example for the message. */
export const serverHost = (example: string) =>
  line(253, 1).regex(/^[\w.:-]+$/, `must be the name of a mail server, such as ${example}`);

const MAX_PORT = 65_535;
/** A port, with the usual ones for the message. */
export const serverPort = (usual: string) => {
  const rule = `must be a port, 1 to ${MAX_PORT}; ${usual}`;
  return z.number(rule).int(rule).min(1, rule).max(MAX_PORT, rule);
};

const user = line(320, 1);
const password = z.string('must be the password').min(1, 'must not be empty').max(1_000);
const accessToken = z.string('must be an access token').min(1, 'must not be empty').max(8_000);
const secretRef = z
  .string()
  .regex(
    SECRET_REF,
    'must be a secret whose name begins with inbox- or mail-, such as inbox-office or projects/p/secrets/inbox-office/versions/3',
  );
const xoauth2 = z.literal('xoauth2');

/** The credentials of an account, as a request gives them. */
export const accountAuth = z.union(
  [
    z.strictObject({ method: z.literal('password'), user, password }),
    z.strictObject({ method: z.enum(['password', 'xoauth2']), user, secret_ref: secretRef }),
    z.strictObject({ method: xoauth2, user, access_token: accessToken }),
    refreshable.extend({ method: xoauth2, user }),
    clientGrant.extend({ method: xoauth2, user }),
  ],
  'must have a user and the method password, with password or secret_ref, or the method xoauth2, with access_token, with refresh_token, client_id, client_secret and token_url (without refresh_token the app signs in by itself), or with secret_ref',
);
export type AuthInput = z.infer<typeof accountAuth>;

/** Credentials as they are stored: sealed for their owner's document alone, or as the name of a secret. */
export function authFields(given: AuthInput, owner: string, keys: SealingKeys): Record<string, string> {
  const { method, user, ...rest } = given;
  if ('secret_ref' in rest) return { method, user, secret_ref: rest.secret_ref };
  return { method, user, sealed: seal(JSON.stringify(rest), owner, keys) };
}

/** The login of an account without its secrets, as it is shown. */
export function shownAuth(auth: unknown) {
  const { method, user, sealed, secret_ref } = (auth ?? {}) as Record<string, unknown>;
  return {
    method: method === 'xoauth2' ? ('xoauth2' as const) : ('password' as const),
    user: typeof user === 'string' ? user : null,
    ...(typeof secret_ref === 'string' ? { secret_ref } : {}),
    has_credentials: (sealed ?? secret_ref) !== undefined,
  };
}
