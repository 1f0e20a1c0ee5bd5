import type { BrowserWindow } from './clock.ts';
import { warn } from './host.ts';
import type { GetToken, TokenAnswer } from './options.ts';

/** A request without a response for this long has failed. */
const ANSWER_MS = 20_000;
/** Browsers let requests that outlive the page carry 64 KiB together; the rest is for headers. */
const MAX_KEEPALIVE = 60_000;
/** All modules of a page ask for a new token one after the other: a refresh token may be good for one use only. */
const REFRESHES = Symbol.for('ronde.refreshes');

/**
 * There is no usable token yet; ask again later. `reason`: the server refused the token, and a renewed one if there was one
 * (`denied`), or its session has ended (`logout`).
 */
export class NoToken extends Error {
  readonly reason: 'denied' | 'logout' | undefined;
  constructor(reason?: 'denied' | 'logout') {
    super();
    this.reason = reason;
  }
}

interface Claims {
  sub?: string;
  sid?: string;
  origin_jti?: string;
  auth_time?: number;
  iat?: number;
}

let keptAlive = 0;

/** Sends requests with the user's token. Page tracking and presence both use it. */
export class Caller {
  /** The last token that `getToken` returned. */
  token: TokenAnswer;
  readonly #getToken: GetToken;
  readonly #w: BrowserWindow;
  /** The token that the server refused: no request carries it again. */
  #refused: TokenAnswer;
  /** The session that was logged out; it stays so until a sign-in. */
  #ended: string | undefined;

  constructor(getToken: GetToken, w: BrowserWindow) {
    this.#getToken = getToken;
    this.#w = w;
  }

  /** Asks for the token. Throws NoToken if there is none to send. */
  async authorize(): Promise<void> {
    this.#check(await this.#getToken(false));
  }

  /** Posts with the last token. Renews a token that the server refuses, once. Throws NoToken if it refuses that one too. */
  async post(url: string, body?: () => object): Promise<Response> {
    let response = await this.#fetch(url, body);
    let refusal = await toRefusal(response);
    if (response.status === 401 && refusal && !isLogout(refusal)) {
      await this.#renew();
      response = await this.#fetch(url, body);
      refusal = await toRefusal(response);
    }
    // A refusal without our error.code comes from something in between, and says nothing about the token.
    if (response.status > 399 && response.status < 500 && !refusal) {
      warn(this.#w, `${url}: ${response.status}`);
      throw new Error();
    }
    if (response.status === 401 || response.status === 403) {
      this.#refused = this.token;
      if (isLogout(refusal)) throw new NoToken('logout');
      warn(this.#w, `${url}: ${refusal?.message}`);
      throw new NoToken('denied');
    }
    return response;
  }

  /** The session of the token has ended: no request carries it until a sign-in. */
  end(): void {
    this.#ended = this.#session();
  }

  /** Somebody signed in: the session may have the old name. */
  begin(): void {
    this.#ended = undefined;
    this.#refused = undefined;
  }

  /** The token's claims; empty if the token cannot be read. */
  claims(): Claims {
    try {
      const claims = (this.token as string).split('.')[1] as string;
      return JSON.parse(atob(claims.replace(/-/g, '+').replace(/_/g, '/'))) ?? {};
    } catch {
      return {};
    }
  }

  /** The name of the sign-in; undefined if every token has another. */
  signIn(): string | number | undefined {
    const { sid, origin_jti, auth_time } = this.claims();
    return sid ?? origin_jti ?? auth_time;
  }

  #session(): string {
    const { sub, iat } = this.claims();
    return `${sub} ${this.signIn() ?? iat}`;
  }

  #check(token: TokenAnswer): void {
    this.token = token;
    // The person has left: the next token is of a new sign-in.
    if (!token) this.#ended = undefined;
    if (!token || token === this.#refused || this.#session() === this.#ended) throw new NoToken();
  }

  async #renew(): Promise<void> {
    const page = this.#w as { [REFRESHES]?: Promise<unknown> };
    const refused = this.token;
    const renewal = Promise.resolve(page[REFRESHES]).then(async () => {
      const token = await this.#getToken(false);
      this.#check(token && token !== refused ? token : await this.#getToken(true));
    });
    const patience = new Promise((resolve) => this.#w.setTimeout(resolve, ANSWER_MS));
    page[REFRESHES] = Promise.race([renewal.catch(() => undefined), patience]);
    await renewal;
  }

  async #fetch(url: string, body?: () => object): Promise<Response> {
    const text = body && JSON.stringify(body());
    const size = new TextEncoder().encode(text).length;
    // The request must outlive the page. sendBeacon does too, but cannot carry Authorization.
    const keepalive = keptAlive + size < MAX_KEEPALIVE;
    const late = new AbortController();
    const timer = this.#w.setTimeout(() => late.abort(), ANSWER_MS);
    if (keepalive) keptAlive += size;
    try {
      return await this.#w.fetch(url, {
        method: 'POST',
        keepalive,
        signal: late.signal,
        headers: {
          Authorization: `Bearer ${this.token}`,
          ...(text && { 'Content-Type': 'application/json' }),
        },
        ...(text && { body: text }),
      });
    } finally {
      this.#w.clearTimeout(timer);
      if (keepalive) keptAlive -= size;
    }
  }
}

interface Refusal {
  code?: string;
  message?: string;
  details?: { reason?: string };
}

/** Returns the server's own error; undefined for another response. */
async function toRefusal(response: Response): Promise<Refusal | undefined> {
  if (response.status < 400) return undefined;
  const body = await response.json().catch(() => undefined);
  return body?.error?.code && body.error;
}

const isLogout = (refusal: Refusal | undefined): boolean => refusal?.details?.reason === 'logged_out';
