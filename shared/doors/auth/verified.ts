import { hash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { KeySource } from './keys.ts';

/** A signature is checked again after this long; jose itself keeps keys for ten minutes. */
const MAX_AGE_MS = 5 * 60_000;
/** The clocks of issuers and servers differ by up to this much; it holds for `exp`, `nbf` and `iat`. */
export const LEEWAY_SECONDS = 30;
/** A process keeps this many tokens and drops the one checked longest ago. */
const MAX_TOKENS = 20_000;

interface Verified {
  /** The expectations that the token met, as JSON. */
  expected: string;
  issuer: string;
  claims: JWTPayload;
  checkedAt: number;
}

/** One memory per source of keys, that is, per process. Its keys are digests; the tokens are not kept. */
const memories = new WeakMap<KeySource, Map<string, Verified>>();

/** Returns the digest of a token. */
export const fingerprint = (token: string): string => hash('sha256', token, 'base64');

/** Returns the issuer of a token that was verified before. */
export function recallIssuer(keys: KeySource, print: string): string | undefined {
  return memories.get(keys)?.get(print)?.issuer;
}

/**
 * Returns the claims of a token whose signature was checked minutes ago against the same expectations, or null. A browser
 * that pings every minute then does not cost a signature check each time.
 *
 * Returns null for a token that has expired or is not valid yet.
 */
export function recallVerified(
  keys: KeySource,
  print: string,
  expected: object,
  now: Date,
): JWTPayload | null {
  const known = memories.get(keys)?.get(print);
  if (known?.expected !== JSON.stringify(expected)) return null;
  const age = now.getTime() - known.checkedAt;
  const seconds = Math.floor(now.getTime() / 1000);
  const { exp = 0, nbf = 0 } = known.claims;
  const valid = exp + LEEWAY_SECONDS > seconds && nbf - LEEWAY_SECONDS <= seconds;
  return age >= 0 && age < MAX_AGE_MS && valid ? known.claims : null;
}

/** Stores that a token's signature, issuer and audience are valid. */
export function rememberVerified(
  keys: KeySource,
  print: string,
  { expected, claims, checkedAt }: { expected: { issuer: string }; claims: JWTPayload; checkedAt: Date },
): void {
  const memory = memories.get(keys) ?? new Map<string, Verified>();
  memories.set(keys, memory);
  memory.delete(print);
  const { issuer } = expected;
  memory.set(print, { expected: JSON.stringify(expected), issuer, claims, checkedAt: checkedAt.getTime() });
  // The oldest come first.
  for (const [oldest, { checkedAt: at }] of memory) {
    if (memory.size <= MAX_TOKENS && checkedAt.getTime() - at < MAX_AGE_MS) break;
    memory.delete(oldest);
  }
}
