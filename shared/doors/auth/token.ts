import { decodeJwt, errors, type JWTPayload } from 'jose';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { HttpError } from '../http/errors.ts';
import { verifyByAnyKey } from './any-key.ts';
import type { Caller } from './caller.ts';
import { GOOGLE_ISSUER, type KeySource } from './keys.ts';
import { fingerprint, LEEWAY_SECONDS, recallIssuer, recallVerified, rememberVerified } from './verified.ts';

/** The audience of the identity tokens that `gcloud auth print-identity-token` and `gcloud functions call` send. */
export const GCLOUD_CLIENT = '32555940559.apps.googleusercontent.com';
/** Cloud Run's own IAM check replaces a verified signature by this. */
const REMOVED_SIGNATURE = 'SIGNATURE_REMOVED_BY_GOOGLE';

/** The algorithms of Google's tokens, and those that issuers of user tokens may use: all with a public key. */
const GOOGLE_ALGORITHMS = ['RS256', 'ES256'];
const USER_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** The greatest length of a subject (OpenID Connect Core 1.0, 2). */
const MAX_SUBJECT = 255;

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
  const { auth } = deps.config;
  const google = deps.config.googleIssuer ?? GOOGLE_ISSUER;
  const byGoogle = issuer === google || (google === GOOGLE_ISSUER && issuer === 'accounts.google.com');
  const forUsers =
    auth && (issuer === auth.issuer || (byGoogle && auth.issuer === google)) ? auth : undefined;
  if (!byGoogle && !forUsers) throw refused('the token comes from an issuer that is not accepted here');
  const functions = byGoogle ? googleAudiences(deps.config) : [];
  const claims = await verify({ token, print }, deps, {
    keysOf: byGoogle ? google : issuer,
    jwksUrl: byGoogle ? undefined : forUsers?.jwksUrl,
    issuer,
    audience: [...functions, ...(forUsers ? [forUsers.audience] : [])],
    algorithms: byGoogle ? GOOGLE_ALGORITHMS : USER_ALGORITHMS,
  });
  // Google may be the users' issuer too; the audience then tells a person from a service.
  const addressed = [claims.aud].flat().some((audience) => functions.includes(audience ?? ''));
  return addressed ? googleCaller(claims, deps.config) : userCaller(claims, deps.config);
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
  expected: {
    keysOf: string;
    jwksUrl: string | undefined;
    issuer: string;
    audience: string[];
    algorithms: string[];
  },
): Promise<JWTPayload> {
  const now = deps.clock();
  const known = recallVerified(deps.keys, print, expected, now);
  if (known) return known;
  const keys = await deps.keys(expected.keysOf, expected.jwksUrl).catch((cause: unknown) => {
    throw keysUnreachable(cause);
  });
  try {
    const payload = await verifyByAnyKey(token, keys, {
      issuer: expected.issuer,
      audience: expected.audience,
      algorithms: expected.algorithms,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: LEEWAY_SECONDS,
      currentDate: now,
    });
    if ((payload.iat ?? 0) > now.getTime() / 1000 + LEEWAY_SECONDS)
      throw refused('the token was issued in the future (iat)');
    rememberVerified(deps.keys, print, { expected, claims: payload, checkedAt: now });
    return payload;
  } catch (error) {
    if (error instanceof HttpError) throw error;
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
  if (config.operators.some((operator) => operator.toLowerCase() === email.toLowerCase()))
    return { kind: 'operator', id: email, claims };
  if (throughGcloud) throw forbidden('its e-mail is not in OPERATORS');
  if (email === config.schedulerServiceAccount) return { kind: 'scheduler', id: email, claims };
  if (config.serviceAccounts.includes(email)) return { kind: 'service', id: email, claims };
  throw forbidden('its e-mail is not SCHEDULER_SERVICE_ACCOUNT, nor in SERVICE_ACCOUNTS or OPERATORS');
}

function userCaller(claims: JWTPayload, config: Config): Caller {
  const id = checkSubject(claims.sub);
  const role = readClaim(claims, config.adminClaim);
  const admin = role === true || [role].flat().includes('admin');
  return { kind: admin ? 'admin' : 'user', id, claims };
}

/** Returns a token's subject. Throws 401 that says which rule it breaks. */
function checkSubject(subject: unknown): string {
  const fault =
    typeof subject !== 'string' || subject === ''
      ? 'must be a text that is not empty'
      : subject.length > MAX_SUBJECT
        ? `is longer than ${MAX_SUBJECT} characters`
        : !subject.isWellFormed()
          ? 'is not well-formed Unicode'
          : null;
  if (fault === null) return subject as string;
  throw refused(`the subject ${fault}`, `The token's subject (sub) ${fault}; change it at the issuer.`);
}

/** Returns the claim of this name, such as `https://example.com/role`, or at this path, such as `realm_access.roles`. */
function readClaim(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let found: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
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
