import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { HttpError } from '../http/errors.ts';
import type { Caller } from './caller.ts';
import { GOOGLE_ISSUER, type KeySource } from './keys.ts';
import { fingerprint, recallIssuer, recallVerified, rememberVerified } from './verified.ts';

/** The audience of the identity tokens that `gcloud auth print-identity-token` and `gcloud functions call` send. */
export const GCLOUD_CLIENT = '32555940559.apps.googleusercontent.com';
/** Cloud Run's own IAM check replaces a verified signature by this. */
const REMOVED_SIGNATURE = 'SIGNATURE_REMOVED_BY_GOOGLE';

/** jose's codes for unreachable keys: too late, not 200, or no key set. The token is not at fault. */
const KEYS_UNREACHABLE = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID']);

export interface TokenDeps {
  config: Config;
  clock: Clock;
  keys: KeySource;
}

/** Returns true if a bearer value looks like a JWT (three parts); any other can only be a cron secret. */
export function looksLikeToken(bearer: string): boolean {
  return bearer.split('.').length === 3;
}

/**
 * Verifies a bearer token and returns its caller. Throws HttpError:
 * - 401 if the token is malformed, unsigned, expired, not yet valid, or from another issuer or audience;
 * - 403 if its owner may call nothing here;
 * - 503 if the issuer's keys are out of reach.
 */
export async function checkToken(token: string, deps: TokenDeps): Promise<Caller> {
  if (token.endsWith(`.${REMOVED_SIGNATURE}`)) {
    throw refused(
      'the signature was removed by Cloud Run (SIGNATURE_REMOVED_BY_GOOGLE); deploy with the invoker check disabled',
    );
  }
  const print = fingerprint(token);
  const issuer = recallIssuer(deps.keys, print) ?? unverifiedIssuer(token);
  const google = deps.config.googleIssuer ?? GOOGLE_ISSUER;
  if (issuer === google || (google === GOOGLE_ISSUER && issuer === 'accounts.google.com')) {
    const claims = await verify({ token, print }, deps, {
      keysOf: google,
      issuer,
      audience: googleAudiences(deps.config),
    });
    return googleCaller(claims, deps.config);
  }
  const auth = deps.config.auth;
  if (auth && issuer === auth.issuer) {
    const claims = await verify({ token, print }, deps, {
      keysOf: auth.issuer,
      issuer,
      audience: [auth.audience],
    });
    return userCaller(claims, deps.config);
  }
  throw refused('the token comes from an issuer that is not accepted here');
}

function unverifiedIssuer(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    throw refused('the token is malformed');
  }
}

function googleAudiences(config: Config): string[] {
  return config.operators.length > 0 ? [...config.functionUrls, GCLOUD_CLIENT] : [...config.functionUrls];
}

async function verify(
  { token, print }: { token: string; print: string },
  deps: TokenDeps,
  expected: { keysOf: string; issuer: string; audience: string[] },
): Promise<JWTPayload> {
  const now = deps.clock();
  const known = recallVerified(deps.keys, print, expected, now);
  if (known) return known;
  const keys = await deps.keys(expected.keysOf).catch((cause: unknown) => {
    throw keysUnreachable(cause);
  });
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: expected.issuer,
      audience: expected.audience,
      algorithms: ['RS256', 'ES256'],
      requiredClaims: ['exp', 'sub'],
      currentDate: now,
    });
    rememberVerified(deps.keys, print, { expected, claims: payload, checkedAt: now });
    return payload;
  } catch (error) {
    if (!(error instanceof errors.JOSEError) || KEYS_UNREACHABLE.has(error.code))
      throw keysUnreachable(error);
    if (error instanceof errors.JWTExpired)
      throw refused('the token has expired', 'The token has expired; get a new one.');
    throw refused(`${error.code}: ${error.message}`);
  }
}

function googleCaller(claims: JWTPayload, config: Config): Caller {
  const email = typeof claims.email === 'string' ? claims.email : '';
  if (!email || claims.email_verified !== true) throw forbidden('its e-mail is not verified');
  const throughGcloud = [claims.aud].flat().includes(GCLOUD_CLIENT);
  if (config.operators.includes(email)) return { kind: 'operator', id: email, claims };
  if (throughGcloud) throw forbidden('its e-mail is not in OPERATORS');
  if (email === config.schedulerServiceAccount) return { kind: 'scheduler', id: email, claims };
  if (config.serviceAccounts.includes(email)) return { kind: 'service', id: email, claims };
  throw forbidden('its e-mail is not SCHEDULER_SERVICE_ACCOUNT, nor in SERVICE_ACCOUNTS or OPERATORS');
}

function userCaller(claims: JWTPayload, config: Config): Caller {
  const id = claims.sub ?? '';
  if (!id) throw refused('the token has an empty subject');
  const role = claims[config.adminClaim];
  const admin = role === true || [role].flat().includes('admin');
  return { kind: admin ? 'admin' : 'user', id, claims };
}

function refused(check: string, message = 'The token is not valid here; get a new one.'): HttpError {
  return new HttpError(401, message, { check: `bearer: ${check}` });
}

function forbidden(check: string): HttpError {
  return new HttpError(403, `This account may not call this: ${check}.`, { check: `bearer: ${check}` });
}

function keysUnreachable(cause: unknown): HttpError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HttpError(503, "The issuer's keys cannot be fetched now; try again.", {
    headers: { 'Retry-After': '10' },
    check: `bearer: keys out of reach (${reason})`,
  });
}
