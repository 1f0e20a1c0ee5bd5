import { decodeJwt, type JWTPayload } from 'jose';
import type { Config } from '../config.ts';
import { HttpError } from '../http/errors.ts';
import type { Caller } from './caller.ts';
import { GOOGLE_ISSUER } from './keys.ts';
import { refused, type TokenDeps, verify } from './signature.ts';
import { fingerprint, recallIssuer } from './verified.ts';

/** The audience of the identity tokens that `gcloud auth print-identity-token` and `gcloud functions call` send. */
export const GCLOUD_CLIENT = '32555940559.apps.googleusercontent.com';
/** OpenID Connect Core 2: a subject has at most 255 characters. */
const MAX_SUBJECT = 255;
/** Cloud Run's own IAM check replaces a verified signature by this. */
const REMOVED_SIGNATURE = 'SIGNATURE_REMOVED_BY_GOOGLE';

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
  const auth = deps.config.auth;
  const isGoogle = issuer === google || (google === GOOGLE_ISSUER && issuer === 'accounts.google.com');
  if (isGoogle && !(auth?.issuer === google && isForUsers(token, deps.config))) {
    const claims = await verify({ token, print }, deps, {
      keysOf: google,
      issuer,
      audience: googleAudiences(deps.config),
    });
    return googleCaller(claims, deps.config);
  }
  if (auth && (issuer === auth.issuer || (isGoogle && auth.issuer === google))) {
    const claims = await verify({ token, print }, deps, {
      keysOf: auth.issuer,
      jwksUrl: auth.jwksUrl,
      issuer,
      audience: [auth.audience],
    });
    return userCaller(claims, deps.config);
  }
  throw refused('the token comes from an issuer that is not accepted here');
}

const unverifiedIssuer = (token: string): string => decode(token).iss ?? '';

/** Returns true if a token of Google is for AUTH_AUDIENCE: people may sign in with Google too. */
function isForUsers(token: string, config: Config): boolean {
  const audience = config.auth?.audience ?? '';
  return [decode(token).aud].flat().includes(audience) && !googleAudiences(config).includes(audience);
}

/** Reads the claims of a token without checking them. */
function decode(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch {
    throw refused('the token is malformed');
  }
}

function googleAudiences(config: Config): string[] {
  return config.operators.length > 0 ? [...config.functionUrls, GCLOUD_CLIENT] : [...config.functionUrls];
}

function googleCaller(claims: JWTPayload, config: Config): Caller {
  const email = typeof claims.email === 'string' ? claims.email : '';
  if (!email || claims.email_verified !== true) throw forbidden('its e-mail is not verified');
  const throughGcloud = [claims.aud].flat().includes(GCLOUD_CLIENT);
  if (config.operators.includes(email.toLowerCase())) return { kind: 'operator', id: email, claims };
  if (throughGcloud) throw forbidden('its e-mail is not in OPERATORS');
  if (email === config.schedulerServiceAccount) return { kind: 'scheduler', id: email, claims };
  if (config.serviceAccounts.includes(email)) return { kind: 'service', id: email, claims };
  throw forbidden('its e-mail is not SCHEDULER_SERVICE_ACCOUNT, nor in SERVICE_ACCOUNTS or OPERATORS');
}

function userCaller(claims: JWTPayload, config: Config): Caller {
  const id: unknown = claims.sub;
  if (typeof id !== 'string' || id === '' || id.length > MAX_SUBJECT)
    throw refused(
      `sub is not a text of 1 to ${MAX_SUBJECT} characters`,
      `The token's sub must be a text of 1 to ${MAX_SUBJECT} characters; correct it at the issuer.`,
    );
  const role = claimAt(claims, config.adminClaim);
  const admin = role === true || [role].flat().includes('admin');
  return { kind: admin ? 'admin' : 'user', id, claims };
}

/** Returns a claim by its name, or by a path such as `realm_access.roles`. A name may itself contain dots. */
function claimAt(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name
    .split('.')
    .reduce<unknown>(
      (inner, part) => (isMap(inner) && Object.hasOwn(inner, part) ? inner[part] : undefined),
      claims,
    );
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function forbidden(check: string): HttpError {
  return new HttpError(403, `This account may not call this: ${check}.`, { check: `bearer: ${check}` });
}
