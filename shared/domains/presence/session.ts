import { createHash } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { VERIFIED_MS } from './activity.ts';

/** A process asks Firestore again a little before Redis would say that it no longer knows. */
const REMEMBERED_MS = VERIFIED_MS - 60_000;
/** Sessions that one process remembers; the one asked about longest ago goes first. */
const MAX_REMEMBERED = 20_000;
const KEY_LENGTH = 40;

/** The name of a session in both stores. A digest: the claims of a token may hold anything. */
export function sessionKey(userId: string, session: string): string {
  return createHash('sha256')
    .update(JSON.stringify([userId, session]))
    .digest('hex')
    .slice(0, KEY_LENGTH);
}

/**
 * The sessions that Firestore has said to be open, and when. Only to save asking: Redis is still the one that refuses a
 * session, and one that it knows nothing of is asked about whatever is remembered here.
 */
export interface SessionMemory {
  /** Whether Firestore was asked recently. */
  knows(session: string, now: number): boolean;
  remember(session: string, now: number): void;
  forget(session: string): void;
  /** Whether a ping of the session may have been kept though nobody was told of it: then its user may have come online. */
  doubts(session: string): boolean;
  doubt(session: string): void;
  trust(session: string): void;
}

const memories = new WeakMap<Firestore, SessionMemory>();

/** This process's memory of the sessions in this store. */
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
