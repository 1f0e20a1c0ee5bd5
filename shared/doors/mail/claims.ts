import type { Fault } from './faults/kinds.ts';
import type { Outcome } from './outcome.ts';

/**
 * The stored states of a claim. A mail is claimed before the first packet, and `sending` from the server's 354 until it is
 * settled. Releasing a claim deletes it.
 */
export type ClaimState = 'claimed' | 'sending' | 'sent' | 'failed' | 'unknown';

/**
 * After this long without an end a claim is an orphan. The lease is longer than any delivery (TIMEOUTS.whole) and shorter
 * than Scheduler's retries, so a retry finishes a killed run the same morning.
 */
export const CLAIM_LEASE_MS = 60_000;

/** An existing claim. Times are milliseconds since the epoch, null if the document has none. */
export interface StandingClaim {
  state: ClaimState;
  /** The instant of the claim, or of `sending`. */
  claimedAt: number | null;
}

/**
 * The next step for a mail, given its claim:
 * - `take`: there is no claim, or its process died before the body began, so the mail was certainly not sent;
 * - `wait`: another process is sending it;
 * - `unknown`: its process died after the body may have begun: settle it as unknown, never send it again;
 * - `done`: it is settled.
 */
export type Resume = 'take' | 'wait' | 'unknown' | 'done';

/** Decides the next step; pure. A claim is an orphan after the lease, or if it has no time. */
export function resume(standing: StandingClaim | null, now: Date): Resume {
  if (standing === null) return 'take';
  if (standing.state !== 'claimed' && standing.state !== 'sending') return 'done';
  const ageMs = now.getTime() - (standing.claimedAt ?? 0);
  if (ageMs < CLAIM_LEASE_MS) return 'wait';
  return standing.state === 'claimed' ? 'take' : 'unknown';
}

/** Returns the claim's state after a delivery. After `release` the mail may be claimed again. */
export function settlement(outcome: Outcome): 'sent' | 'failed' | 'unknown' | 'release' {
  return outcome === 'retry' || outcome === 'system' ? 'release' : outcome;
}

/** The end of a delivery, as its claim keeps it. */
export interface Settlement {
  state: 'sent' | 'failed' | 'unknown';
  response: string | null;
  settledAt: Date;
  /** The judgement of a refusal. */
  fault?: Fault | null;
}

/**
 * The claim of one mail on one or more documents: a digest's log rows, or a follow-up and its send. Every step is one
 * atomic commit, which fails if another process holds the claim.
 */
export interface Claims {
  /**
   * Claims all documents or none. Returns false if another run was first. `redirectedTo` is the address that the mail goes
   * to instead of its recipient's (EMAIL_REDIRECT_TO).
   */
  take(messageId: string, redirectedTo?: string | null): Promise<boolean>;
  /** Records that the body is about to be sent. Returns false if the claim was lost: the body must not be sent then. */
  sending(): Promise<boolean>;
  /** Extends the lease of a mail whose answer takes long. */
  renew(): Promise<void>;
  /** Takes `sending` back: the server refused the mail, and it waits for another turn. Returns false if it was lost. */
  withdraw(): Promise<boolean>;
  settle(settlement: Settlement): Promise<void>;
  /** Deletes the claim, in whichever state. */
  release(): Promise<void>;
}
