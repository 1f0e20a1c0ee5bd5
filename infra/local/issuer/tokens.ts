import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import {
  compactVerify,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';

/** The accounts of the local issuer. */
export type AccountName = 'admintest1' | 'usertest1';

const ROLES: Record<AccountName, string> = { admintest1: 'admin', usertest1: 'user' };
const NAMES: Record<AccountName, string> = { admintest1: 'Admin Test', usertest1: 'User Test' };
const PASSWORD = 'Test1234!';

/** A key pair with its public half as a JWKS document. */
export interface SigningKey extends GenerateKeyPairResult {
  kid: string;
  jwks: { keys: JWK[] };
}

/** A fresh RS256 key pair. */
export async function newSigningKey(kid: string = randomUUID()): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' };
  return { kid, privateKey, publicKey, jwks: { keys: [jwk] } };
}

/** Signs these claims as they are. */
export function signClaims(key: SigningKey, claims: JWTPayload): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'JWT' })
    .sign(key.privateKey);
}

/** Returns the claims of a token that this key signed for an issuer, also after its expiry. Throws for any other. */
export async function readClaims(key: SigningKey, token: string, issuer: string): Promise<JWTPayload> {
  const { payload } = await compactVerify(token, key.publicKey);
  const claims: JWTPayload = JSON.parse(new TextDecoder().decode(payload));
  if (claims.iss !== issuer) throw new Error(`the token is not of ${issuer}`);
  return claims;
}

/** Returns an instant in seconds since 1970, the unit of tokens. */
export const epochSeconds = (at: Date): number => Math.floor(at.getTime() / 1000);

/** The identity claims of an account. */
export const accountClaims = (name: AccountName): JWTPayload => ({
  sub: name,
  email: `${name}@example.test`,
  name: NAMES[name],
  role: ROLES[name],
});

/** Returns the account if the password is right, else null. The comparison always takes the same time. */
export function checkPassword(username: string, password: string): AccountName | null {
  const right = timingSafeEqual(digest(password), digest(PASSWORD));
  const known = username === 'admintest1' || username === 'usertest1' ? username : null;
  return right ? known : null;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Returns an invented numeric Google account id, always the same for an address. */
export const googleSubject = (email: string): string =>
  (BigInt(`0x${digest(email).toString('hex').slice(0, 16)}`) % 10n ** 20n).toString().padStart(21, '1');
