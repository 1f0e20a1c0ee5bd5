import { randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';

/** The session claims of each issuer's access tokens, by the documentation of the issuer. */
const SHAPES = {
  keycloak: () => ({ sid: randomUUID() }),
  firebase: (now: number) => ({ auth_time: now }),
  cognito: (now: number) => ({ jti: randomUUID(), origin_jti: randomUUID(), auth_time: now }),
  auth0: () => ({}),
  entra: () => ({ uti: randomUUID() }),
  google: () => ({ jti: randomUUID() }),
} satisfies Record<string, (now: number) => JWTPayload>;

/** The issuers whose access tokens the local issuer can resemble. */
export type TokenShape = keyof typeof SHAPES;

/** Returns the shape of this name; undefined for an unknown one. */
export const toShape = (name: string): TokenShape | undefined =>
  Object.hasOwn(SHAPES, name) ? (name as TokenShape) : undefined;

export const SHAPE_NAMES = Object.keys(SHAPES) as TokenShape[];

/** Returns the session claims of a new sign-in at an instant (epoch seconds). */
export const shapeClaims = (shape: TokenShape | undefined, now: number): JWTPayload =>
  shape === undefined ? { jti: randomUUID(), sid: randomUUID() } : SHAPES[shape](now);

/** Returns the claims of the next token of a sign-in: another issue, and another id of the token itself. */
export function refreshClaims(claims: JWTPayload, now: number): JWTPayload {
  const { iat = now, exp = now } = claims;
  const ids = ['jti', 'uti'].filter((name) => name in claims).map((name) => [name, randomUUID()]);
  return { ...claims, iat: now, exp: now + (exp - iat), ...Object.fromEntries(ids) };
}
