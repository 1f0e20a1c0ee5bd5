import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { HttpError } from '../http/errors.ts';
import type { KeySource } from './keys.ts';
import { LEEWAY_SECONDS, recallVerified, rememberVerified } from './verified.ts';

/** The asymmetric algorithms of RFC 7518 and RFC 8037: an issuer may use any of them. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** jose's codes for unreachable keys: too late, not 200, or no key set. The token is not at fault. */
const KEYS_UNREACHABLE = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID']);

export interface TokenDeps {
  config: Config;
  clock: Clock;
  keys: KeySource;
}

/** The issuer and audience that a token must have, and where the keys of `keysOf` are. */
interface Expected {
  keysOf: string;
  jwksUrl?: string | undefined;
  issuer: string;
  audience: string[];
}

/** Verifies a token's signature, issuer, audience and times. Throws 401, or 503 if the keys are out of reach. */
export async function verify(
  { token, print }: { token: string; print: string },
  deps: TokenDeps,
  expected: Expected,
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
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: LEEWAY_SECONDS,
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

/** Verifies a token. If it names no key and several fit, each is tried. */
async function verifyByAnyKey(
  token: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      const verified = await jwtVerify(token, key, options).catch((fault: unknown) => {
        if (!(fault instanceof errors.JWSSignatureVerificationFailed)) throw fault;
      });
      if (verified) return verified.payload;
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** Returns a 401. `check` is for the log. */
export function refused(check: string, message = 'The token is not valid here; get a new one.'): HttpError {
  return new HttpError(401, message, { check: `bearer: ${check}` });
}

function keysUnreachable(cause: unknown): HttpError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HttpError(503, "The issuer's keys cannot be fetched now; try again.", {
    headers: { 'Retry-After': '10' },
    check: `bearer: keys out of reach (${reason})`,
  });
}
