import type {
  DocumentData,
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  Timestamp,
  WriteBatch,
} from '@google-cloud/firestore';
import type { Clock } from '../clock.ts';
import { millis } from '../store/firestore.ts';
import type { ClaimState, Settlement, StandingClaim } from './claims.ts';

/** A document of a claim. */
export interface ClaimDocument {
  ref: DocumentReference;
  /** The document as the decision read it; null if there was none. */
  standing: DocumentSnapshot | null;
  /** The document's other fields. */
  fields: Record<string, unknown>;
  /** Further fields that settling writes. */
  settled?: Record<string, unknown>;
}

/** Writes to other documents in the same commits, each under its own precondition. */
export interface Companions {
  take?: (batch: WriteBatch) => void;
  /** `takenAt`: the version that `take` wrote, for the precondition. Its failure withholds the body. */
  sending?: (batch: WriteBatch, takenAt: Timestamp | undefined) => void;
  /** `takenAt` as above. */
  release?: (batch: WriteBatch, takenAt: Timestamp | undefined) => void;
  /** `fields`: all fields of the settled claim, for documents that repeat them. */
  settle?: (batch: WriteBatch, settlement: Settlement, fields: DocumentData) => void;
}

export interface ClaimContext {
  store: Firestore;
  clock: Clock;
}

/** Returns the claim of a document, or null. */
export function standingClaim(snapshot: DocumentSnapshot): StandingClaim | null {
  const state = snapshot.get('state') as ClaimState | undefined;
  if (state === undefined) return null;
  // A claimed mail may wait for its turn, so the lease of one that is sending begins with `sending_at`.
  const since = state === 'sending' ? millis(snapshot.get('sending_at')) : null;
  return { state, claimedAt: since ?? millis(snapshot.get('claimed_at')) };
}
