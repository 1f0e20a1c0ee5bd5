import { randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { serveLoopback } from '../loopback-server.ts';
import { codeFlow, type Grant } from './flow.ts';
import { handle, type IssuerState } from './http.ts';
import { refreshClaims, shapeClaims, type TokenShape } from './shapes.ts';
import * as tokens from './tokens.ts';

const HOUR = 3600;

export interface IssuerOptions {
  clock: () => Date;
  /** 0 picks a free port. */
  port?: number;
  /** The audience of user tokens. */
  audience?: string;
}

export interface UserTokenOptions {
  ttlSeconds?: number;
  /** The issuer whose access tokens it resembles; the local issuer's own have `sid` and `jti`. */
  shape?: TokenShape;
  /** Adds or replaces claims. */
  claims?: JWTPayload;
  audience?: string;
}

export interface GoogleTokenOptions {
  email: string;
  audience: string;
  emailVerified?: boolean;
  ttlSeconds?: number;
  claims?: JWTPayload;
}

export interface LocalIssuer {
  issuer: string;
  /** Replaces https://accounts.google.com, with other keys. */
  googleIssuer: string;
  audience: string;
  stop(): Promise<void>;
  /** Returns a user token of a new session. */
  userToken(name: tokens.AccountName, options?: UserTokenOptions): Promise<string>;
  /** Returns the next token of the same sign-in, as after a refresh. Rejects a token of another issuer. */
  refreshedToken(token: string): Promise<string>;
  /** Returns a user token that expired a minute ago. */
  expiredToken(): Promise<string>;
  /** Returns a user token that names this issuer and its key but is signed with another key. */
  foreignToken(): Promise<string>;
  /** Returns a token that Google would sign for a service account, such as a Scheduler job's. */
  googleToken(options: GoogleTokenOptions): Promise<string>;
}

/** Starts a real OIDC issuer (RS256) on loopback with two test accounts, and a substitute for Google's issuer. */
export async function startIssuer(options: IssuerOptions): Promise<LocalIssuer> {
  const { clock, audience = 'ronde-local' } = options;
  const [key, googleKey] = await Promise.all([tokens.newSigningKey(), tokens.newSigningKey()]);
  const foreignKey = await tokens.newSigningKey(key.kid);
  const ready: { state?: IssuerState } = {};
  const server = await serveLoopback(options.port ?? 0, async (request, response, body) => {
    if (ready.state) await handle(ready.state, request, response, body);
    else response.writeHead(503).end();
  });
  const issuer = server.url;
  const googleIssuer = `${issuer}/google`;
  const claims = (name: tokens.AccountName, ttl: number, extra: JWTPayload, shape?: TokenShape) => {
    const iat = tokens.epochSeconds(clock());
    const session = { ...shapeClaims(shape, iat), ...tokens.accountClaims(name) };
    return { iss: issuer, aud: audience, iat, exp: iat + ttl, ...session, ...extra };
  };
  const session = (grant: Grant, shape?: TokenShape) =>
    sessionReply(key, claims(grant.name, HOUR, {}, shape), grant.nonce);
  const refreshed = async (token: string) =>
    refreshClaims(await tokens.readClaims(key, token, issuer), tokens.epochSeconds(clock()));
  const refresh = async (token: string) => sessionReply(key, await refreshed(token), null);
  ready.state = { clock, issuer, googleIssuer, key, googleKey, flow: codeFlow(clock), session, refresh };
  return {
    issuer,
    googleIssuer,
    audience,
    stop: server.stop,
    userToken: (name, { ttlSeconds = HOUR, shape, claims: extra = {}, audience: aud = audience } = {}) =>
      tokens.signClaims(key, claims(name, ttlSeconds, { aud, ...extra }, shape)),
    refreshedToken: async (token) => tokens.signClaims(key, await refreshed(token)),
    expiredToken: () => {
      const iat = tokens.epochSeconds(clock()) - HOUR - 60;
      return tokens.signClaims(key, claims('usertest1', HOUR, { iat, exp: iat + HOUR }));
    },
    foreignToken: () => tokens.signClaims(foreignKey, claims('admintest1', HOUR, {})),
    googleToken: (wanted) => tokens.signClaims(googleKey, googleClaims(googleIssuer, clock(), wanted)),
  };
}

/** Returns both tokens of a session: the same claims with different ids. */
async function sessionReply(key: tokens.SigningKey, access: JWTPayload, nonce: string | null) {
  const id = { ...access, jti: randomUUID(), ...(nonce === null ? {} : { nonce }) };
  return {
    access_token: await tokens.signClaims(key, access),
    id_token: await tokens.signClaims(key, id),
    token_type: 'Bearer',
    expires_in: HOUR,
  };
}

function googleClaims(iss: string, now: Date, wanted: GoogleTokenOptions): JWTPayload {
  const { email, audience: aud, emailVerified = true, ttlSeconds = HOUR, claims = {} } = wanted;
  const sub = tokens.googleSubject(email);
  const iat = tokens.epochSeconds(now);
  return {
    iss,
    aud,
    sub,
    azp: sub,
    email,
    email_verified: emailVerified,
    iat,
    exp: iat + ttlSeconds,
    ...claims,
  };
}
