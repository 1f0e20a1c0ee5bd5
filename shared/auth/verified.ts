import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { KeySource } from './keys.ts';

/** A signature is checked anew when its last check is this old; jose itself holds keys for ten minutes. */
const MAX_AGE_MS = 5 * 60_000;
/** Tokens that one process remembers; the one checked longest ago goes first. */
const MAX_TOKENS = 20_000;

interface Verified {
  claims: JWTPayload;
  checkedAt: number;
}

/** One memory per source of keys, that is, per process. */
const memories = new WeakMap<KeySource, Map<string, Verified>>();

/**
 * The claims of a token whose signature was checked a short while ago against the same expectations, so that a browser
 * that pings every minute does not cost a signature each time. What time alone changes is looked at every time: a token
 * that has expired meanwhile, or is not valid yet, is not known here.
 */
export function recallVerified(
  keys: KeySource,
  token: string,
  expected: object,
  now: Date,
): JWTPayload | null {
  const known = memories.get(keys)?.get(digest(token, expected));
  if (!known) return null;
  const age = now.getTime() - known.checkedAt;
  const seconds = Math.floor(now.getTime() / 1000);
  const { exp = 0, nbf = 0 } = known.claims;
  return age >= 0 && age < MAX_AGE_MS && exp > seconds && nbf <= seconds ? known.claims : null;
}

/** Remembers that a token's signature, issuer and audience were found right. */
export function rememberVerified(
  keys: KeySource,
  token: string,
  expected: object,
  claims: JWTPayload,
  now: Date,
): void {
  const memory = memories.get(keys) ?? new Map<string, Verified>();
  memories.set(keys, memory);
  const key = digest(token, expected);
  memory.delete(key);
  memory.set(key, { claims, checkedAt: now.getTime() });
  const [oldest] = memory.keys();
  if (memory.size > MAX_TOKENS && oldest !== undefined) memory.delete(oldest);
}

/** The tokens themselves are not kept. */
function digest(token: string, expected: object): string {
  return createHash('sha256').update(token).update(JSON.stringify(expected)).digest('base64');
}
