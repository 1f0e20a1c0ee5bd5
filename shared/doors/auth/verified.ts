import { hash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { KeySource } from './keys.ts';

/** A signature is checked anew when its last check is this old; jose itself holds keys for ten minutes. */
const MAX_AGE_MS = 5 * 60_000;
/** Tokens that one process remembers; the one checked longest ago goes first. */
const MAX_TOKENS = 20_000;

interface Verified {
  /** What was expected of it, as JSON. */
  expected: string;
  issuer: string;
  claims: JWTPayload;
  checkedAt: number;
}

/** One memory per source of keys, that is, per process. The tokens themselves are not kept: the key is their digest. */
const memories = new WeakMap<KeySource, Map<string, Verified>>();

/** What a token is remembered by. */
export const fingerprint = (token: string): string => hash('sha256', token, 'base64');

/** The issuer of a token that was verified before. */
export function recallIssuer(keys: KeySource, print: string): string | undefined {
  return memories.get(keys)?.get(print)?.issuer;
}

/**
 * The claims of a token whose signature was checked a short while ago against the same expectations, so that a browser
 * that pings every minute does not cost a signature each time. What time alone changes is looked at every time: a token
 * that has expired meanwhile, or is not valid yet, is not known here.
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
  return age >= 0 && age < MAX_AGE_MS && exp > seconds && nbf <= seconds ? known.claims : null;
}

/** Remembers that a token's signature, issuer and audience were found right. */
export function rememberVerified(
  keys: KeySource,
  print: string,
  expected: { issuer: string },
  claims: JWTPayload,
  now: Date,
): void {
  const memory = memories.get(keys) ?? new Map<string, Verified>();
  memories.set(keys, memory);
  memory.delete(print);
  const { issuer } = expected;
  memory.set(print, { expected: JSON.stringify(expected), issuer, claims, checkedAt: now.getTime() });
  const [oldest] = memory.keys();
  if (memory.size > MAX_TOKENS && oldest !== undefined) memory.delete(oldest);
}
