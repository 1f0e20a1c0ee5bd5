import type { Outcome } from './outcome.ts';

/**
 * The states of a claim as it is stored. A mail is claimed before the first packet, `sending` is recorded between the
 * server's 354 and the body's first byte, and then it is settled. A claim that is given back is deleted.
 */
export type ClaimState = 'claimed' | 'sending' | 'sent' | 'failed' | 'unknown';

/**
 * After this long a claim whose process says nothing is an orphan. It is more than one delivery may take
 * (TIMEOUTS.whole), and less than Scheduler's retries span, so that a killed run is finished the same morning.
 */
export const CLAIM_LEASE_MS = 60_000;

/** A claim that is there already; times are milliseconds since the epoch, null where the document has none. */
export interface StandingClaim {
  state: ClaimState;
  /** When it was claimed; of one that is sending, since when. */
  claimedAt: number | null;
}

/**
 * What to do about a mail in view of the claim that is there:
 * - `take`: nobody has it, or its process died before the body began: it was certainly not sent;
 * - `wait`: somebody is at work on it;
 * - `unknown`: its process died after the body may have begun: settle it as unknown, never send it again;
 * - `done`: it is settled.
 */
export type Resume = 'take' | 'wait' | 'unknown' | 'done';

/** Decides it; pure. An orphan is only assumed after the lease; a claim without a time is one. */
export function resume(standing: StandingClaim | null, now: Date): Resume {
  if (standing === null) return 'take';
  if (standing.state !== 'claimed' && standing.state !== 'sending') return 'done';
  const ageMs = now.getTime() - (standing.claimedAt ?? 0);
  if (ageMs < CLAIM_LEASE_MS) return 'wait';
  return standing.state === 'claimed' ? 'take' : 'unknown';
}

/** What becomes of a claim once the delivery ended. `release`: given back, the mail may be claimed again. */
export function settlement(outcome: Outcome): 'sent' | 'failed' | 'unknown' | 'release' {
  return outcome === 'retry' || outcome === 'system' ? 'release' : outcome;
}

/** What a settled claim keeps of the delivery. */
export interface Settlement {
  state: 'sent' | 'failed' | 'unknown';
  response: string | null;
  settledAt: Date;
}

/**
 * The claim of one mail, on however many documents it stands: a digest's log rows, or a follow-up and its send. Every
 * step is one atomic commit that holds only while the claim is still this one's.
 */
export interface Claims {
  /** Claims all of it, or nothing: false when another run was first. */
  take(messageId: string): Promise<boolean>;
  /** Records that the body is about to go; false, and the body stays here, when the claim was lost meanwhile. */
  sending(): Promise<boolean>;
  settle(settlement: Settlement): Promise<void>;
  /** Gives the claim back, whether it came as far as `sending` or not. */
  release(): Promise<void>;
}
