import {
  type CredentialContext,
  type Resolved,
  resolveCredentials,
  type StoredCredentials,
} from './credentials.ts';

export interface AccessTokensOptions {
  /** Reads the credentials again each time, since another process may have got a new token. */
  read(): Promise<StoredCredentials>;
  /** Stores a new token, or newly sealed credentials. */
  keep(fields: Resolved['keep']): Promise<void>;
  context(): CredentialContext;
}

/** The access tokens of one account for all its parallel dialogues, of which one gets each new token. */
export class AccessTokens {
  readonly #options: AccessTokensOptions;
  #token: Promise<string> | null = null;

  constructor(options: AccessTokensOptions) {
    this.#options = options;
  }

  /** Returns a token that has not expired. Throws CredentialFault. */
  async current(): Promise<string> {
    this.#token ??= this.#get(null);
    return await this.#token;
  }

  /** Returns a token in place of one that the server refused. Throws CredentialFault. */
  async renew(refused: string): Promise<string> {
    const known = this.#token;
    const token = await known?.catch(() => refused);
    if (token !== undefined && token !== refused) return token;
    if (this.#token === known) this.#token = this.#get(refused);
    return await (this.#token as Promise<string>);
  }

  async #get(refused: string | null): Promise<string> {
    const { read, keep, context } = this.#options;
    const { credentials, keep: fields } = await resolveCredentials(await read(), context(), refused);
    // A token is stored before it is used: some servers give a refresh token for one use only.
    if (Object.keys(fields).length > 0) await keep(fields);
    return credentials.accessToken ?? '';
  }
}
