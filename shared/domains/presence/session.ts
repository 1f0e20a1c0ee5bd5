import { createHash } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { VERIFIED_MS } from './activity.ts';

/** A process asks Firestore again a little before Redis would answer 'unknown'. */
const REMEMBERED_MS = VERIFIED_MS - 60_000;
/** Sessions that one process remembers; the oldest goes first. */
const MAX_REMEMBERED = 20_000;
const KEY_LENGTH = 40;

/**
 * How a token names its session:
 * - `named`: `sid`, the same in every release;
 * - `sign_in`: `origin_jti` or `auth_time`, the same for all tokens of a sign-in;
 * - `token`: nothing but its own issue, which every refreshed token changes.
 */
export type SessionKind = 'named' | 'sign_in' | 'token';

/** Returns the key of a session in both stores: a digest, since token claims may hold any text. */
export function sessionKey(userId: string, session: string): string {
  return createHash('sha256')
    .update(JSON.stringify([userId, session]))
    .digest('hex')
    .slice(0, KEY_LENGTH);
}

/**
 * The sessions that Firestore confirmed as open. It only saves reads: Redis still refuses sessions, and a session that
 * Redis does not know is read again.
 */
export interface SessionMemory {
  /** Returns true if Firestore confirmed the session recently. */
  knows(session: string, now: number): boolean;
  remember(session: string, now: number): void;
  forget(session: string): void;
  /** Returns true if Redis may have kept a ping whose answer was lost: its user may have come online. */
  doubts(session: string): boolean;
  doubt(session: string): void;
  trust(session: string): void;
}

const memories = new WeakMap<Firestore, SessionMemory>();

/** Returns this process's memory of the sessions in this store. */
export function sessionMemory(store: Firestore): SessionMemory {
  const known = memories.get(store);
  if (known) return known;
  const memory = newMemory();
  memories.set(store, memory);
  return memory;
}

function newMemory(): SessionMemory {
  const verifiedAt = new Map<string, number>();
  const doubted = new Set<string>();
  return {
    knows(session, now) {
      const age = now - (verifiedAt.get(session) ?? Number.NEGATIVE_INFINITY);
      return age >= 0 && age < REMEMBERED_MS;
    },
    remember(session, now) {
      verifiedAt.delete(session);
      verifiedAt.set(session, now);
      const [oldest] = verifiedAt.keys();
      if (verifiedAt.size > MAX_REMEMBERED && oldest !== undefined) verifiedAt.delete(oldest);
    },
    forget: (session) => void verifiedAt.delete(session),
    doubts: (session) => doubted.has(session),
    doubt(session) {
      verifiedAt.delete(session);
      doubted.add(session);
      const [oldest] = doubted;
      if (doubted.size > MAX_REMEMBERED && oldest !== undefined) doubted.delete(oldest);
    },
    trust: (session) => void doubted.delete(session),
  };
}
