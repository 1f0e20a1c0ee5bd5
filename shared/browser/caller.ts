import type { BrowserWindow } from './clock.ts';

/** Gives the user's token; with `refresh` the one given before was refused. Null: nobody is signed in. */
export type GetToken = (refresh: boolean) => TokenAnswer | Promise<TokenAnswer>;
type TokenAnswer = string | null | undefined;

/** A request without an answer for this long has failed. */
const ANSWER_MS = 20_000;

/** Nobody is signed in, or the server refuses who is: there is nothing to try again. */
export class Denied extends Error {}

/** Whose token it is, and of which of the person's sessions; unknown where the token cannot be read. */
export interface Claims {
  sub?: string;
  sid?: string;
}

/** Speaks to the server with the person's token, for everything of the browser's that does. */
export class Caller {
  /** The token at hand. */
  token: TokenAnswer;
  private readonly getToken: GetToken;
  private readonly w: BrowserWindow;

  constructor(getToken: GetToken, w: BrowserWindow) {
    this.getToken = getToken;
    this.w = w;
  }

  /** Asks for the token; throws Denied where nobody is signed in. */
  async authorize(refresh = false): Promise<void> {
    this.token = await this.getToken(refresh);
    if (!this.token) throw new Denied();
  }

  /** Posts with the token at hand. One that is refused is renewed once; refused again, Denied is thrown. */
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
      // The page may be gone before the answer comes; sendBeacon outlives it too, but cannot carry Authorization.
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
