import type { BrowserWindow } from './clock.ts';

/** Returns the user's token; `refresh` says that the last one was refused. Null: nobody is signed in. */
export type GetToken = (refresh: boolean) => TokenAnswer | Promise<TokenAnswer>;
type TokenAnswer = string | null | undefined;

/** A request without a response for this long has failed. */
const ANSWER_MS = 20_000;

/** No token, or the server rejects it. Do not retry. */
export class Denied extends Error {}

/** The token's owner and session; both undefined if the token cannot be read. */
export interface Claims {
  sub?: string;
  sid?: string;
}

/** Sends requests with the user's token. Page tracking and presence both use it. */
export class Caller {
  /** The last token that `getToken` returned. */
  token: TokenAnswer;
  private readonly getToken: GetToken;
  private readonly w: BrowserWindow;

  constructor(getToken: GetToken, w: BrowserWindow) {
    this.getToken = getToken;
    this.w = w;
  }

  /** Asks for the token. Throws Denied if nobody is signed in. */
  async authorize(refresh = false): Promise<void> {
    this.token = await this.getToken(refresh);
    if (!this.token) throw new Denied();
  }

  /** Posts with the last token. Renews a refused token once; throws Denied if the server refuses that one too. */
  async post(url: string, body?: () => object): Promise<Response> {
    let response = await this.fetch(url, body);
    if (response.status === 401) {
      await this.authorize(true);
      response = await this.fetch(url, body);
    }
    if (response.status === 401 || response.status === 403) throw new Denied();
    return response;
  }

  claims(): Claims {
    try {
      const claims = (this.token as string).split('.')[1] as string;
      return JSON.parse(atob(claims.replace(/-/g, '+').replace(/_/g, '/'))) ?? {};
    } catch {
      return {};
    }
  }

  private fetch(url: string, body?: () => object): Promise<Response> {
    return this.w.fetch(url, {
      method: 'POST',
      // The request must outlive the page. sendBeacon does too, but cannot carry Authorization.
      keepalive: true,
      signal: this.w.AbortSignal.timeout(ANSWER_MS),
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body()) }),
    });
  }
}
