import * as z from 'zod';
import { clientGrant, type Renewable, refreshable } from '../account/credential-source.ts';
import { CredentialFault } from '../account/fault.ts';
import { optional, url } from '../config-fields.ts';

/** Access tokens for XOAUTH2. Both methods throw CredentialFault. */
export interface TokenSource {
  current(): Promise<string>;
  /** Returns a token in place of one that the server refused. */
  renew(refused: string): Promise<string>;
}

/** The login of an account. `source`: fields of the environment that get tokens, before a TokenSource uses them. */
export type MailLogin =
  | { user: string; password: string }
  | { user: string; tokens: TokenSource }
  | { user: string; source: Renewable };

/** The variables of the default account's login. */
export const loginEnvironment = {
  EMAIL_HOST_USER: optional,
  EMAIL_HOST_PASSWORD: optional,
  EMAIL_AUTH: optional.pipe(z.enum(['password', 'xoauth2'], 'must be password or xoauth2').optional()),
  EMAIL_OAUTH_CLIENT_ID: optional,
  EMAIL_OAUTH_CLIENT_SECRET: optional,
  EMAIL_OAUTH_REFRESH_TOKEN: optional,
  EMAIL_OAUTH_TOKEN_URL: url,
};

/** Returns the faults of the default account's login together. */
export function loginFaults(e: NodeJS.ProcessEnv): string[] {
  const faults: string[] = [];
  if (e.EMAIL_AUTH !== 'xoauth2') {
    if (Boolean(e.EMAIL_HOST_USER) !== Boolean(e.EMAIL_HOST_PASSWORD))
      faults.push('EMAIL_HOST_USER and EMAIL_HOST_PASSWORD go together; set both or neither');
    return faults;
  }
  for (const name of ['EMAIL_HOST_USER', 'EMAIL_OAUTH_CLIENT_ID', 'EMAIL_OAUTH_TOKEN_URL'])
    if (!e[name]) faults.push(`${name} is not set and EMAIL_AUTH=xoauth2 needs it; set it`);
  if (!e.EMAIL_OAUTH_REFRESH_TOKEN && !e.EMAIL_OAUTH_CLIENT_SECRET)
    faults.push(
      'EMAIL_OAUTH_REFRESH_TOKEN is not set; give it, or EMAIL_OAUTH_CLIENT_SECRET for an app that signs in by itself',
    );
  if (e.EMAIL_HOST_PASSWORD)
    faults.push('EMAIL_HOST_PASSWORD is set beside EMAIL_AUTH=xoauth2; unset one of them');
  return faults;
}

/** Returns the default account's login, or undefined if none is given. */
export function toLogin(e: z.infer<z.ZodObject<typeof loginEnvironment>>): MailLogin | undefined {
  const user = e.EMAIL_HOST_USER;
  if (!user) return undefined;
  if (e.EMAIL_AUTH !== 'xoauth2')
    return e.EMAIL_HOST_PASSWORD ? { user, password: e.EMAIL_HOST_PASSWORD } : undefined;
  const client = { client_id: e.EMAIL_OAUTH_CLIENT_ID, token_url: e.EMAIL_OAUTH_TOKEN_URL };
  const client_secret = e.EMAIL_OAUTH_CLIENT_SECRET;
  const refresh_token = e.EMAIL_OAUTH_REFRESH_TOKEN;
  const source = refresh_token
    ? refreshable.safeParse({ ...client, refresh_token, ...(client_secret ? { client_secret } : {}) })
    : clientGrant.safeParse({ ...client, client_secret });
  return source.data ? { user, source: source.data } : undefined;
}

/** nodemailer's form of a login by XOAUTH2. */
interface TokenLogin {
  oauth2: {
    getToken(isAgain: boolean, done: (error: Error | null, token?: string) => void): void;
    buildXOAuth2Token(token: string): string;
  };
}

/** The login of one delivery. A token that the server refuses is renewed once. */
export class LoginSession {
  /** The secrets that were sent; no text shows them. */
  readonly secrets: string[] = [];
  /** The failure to get a token, if there was one. */
  fault: CredentialFault | null = null;
  readonly #login: MailLogin;
  #used: string | null = null;
  #isRenewed = false;

  constructor(login: MailLogin) {
    this.#login = login;
    if ('password' in login) this.secrets.push(login.password);
  }

  /** Returns nodemailer's credentials for one connection. */
  get credentials(): { user: string; pass: string } | TokenLogin {
    const login = this.#login;
    if ('password' in login) return { user: login.user, pass: login.password };
    return {
      oauth2: {
        getToken: (isAgain, done) => {
          this.#getToken(isAgain || this.#isRenewed).then(
            (token) => done(null, token),
            (error: Error) => {
              if (error instanceof CredentialFault) this.fault = error;
              done(error);
            },
          );
        },
        buildXOAuth2Token: (token) =>
          Buffer.from(`user=${login.user}\u0001auth=Bearer ${token}\u0001\u0001`).toString('base64'),
      },
    };
  }

  /** Returns true, once, if another connection may try a new token after a refusal. */
  mayRenew(): boolean {
    if (!('tokens' in this.#login) || this.#used === null || this.#isRenewed) return false;
    this.#isRenewed = true;
    return true;
  }

  async #getToken(isRefused: boolean): Promise<string> {
    const login = this.#login;
    if (!('tokens' in login))
      throw new CredentialFault('credentials', 'No tokens are set up for this account.');
    this.#isRenewed ||= isRefused;
    const token =
      isRefused && this.#used !== null ? await login.tokens.renew(this.#used) : await login.tokens.current();
    this.#used = token;
    this.secrets.push(token);
    return token;
  }
}
