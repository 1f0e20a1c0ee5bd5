import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { millis } from '../../../doors/store/firestore.ts';

/** One alert of a digest. */
export interface AlertRow {
  /** The id of its document in the log. */
  id: string;
  ticketId: string;
  ticketNumber: string;
  stage: string;
  /** When the ticket entered the stage, in epoch milliseconds. */
  since: number;
  days: number;
  forced: boolean;
  sequence: number;
}

/** The facts that all alerts of a digest share. */
export interface DigestFacts {
  recipient: string;
  runId: string;
  occurrence: Date;
  requestedBy: string;
}

/** Returns the log fields of an alert, without those of its mail's claim. */
export function rowFields(row: AlertRow, digest: DigestFacts): Record<string, unknown> {
  return {
    ticket_id: row.ticketId,
    ticket_number: row.ticketNumber,
    stage: row.stage,
    stage_entered_at: Timestamp.fromMillis(row.since),
    days_in_stage: row.days,
    recipient: digest.recipient,
    sent_at: null,
    forced: row.forced,
    ...(row.forced ? { requested_by: digest.requestedBy } : {}),
    run_id: digest.runId,
    occurrence: Timestamp.fromDate(digest.occurrence),
    sequence: row.sequence,
  };
}

/**
 * The field of a claim that holds the digest's other alerts in JSON until it is settled. With it, another run can write
 * the whole log of a dead run. It is not indexed.
 */
export const HELD = 'digest';

export interface HeldDigest {
  rows: AlertRow[];
  requested_by: string;
}

/** Alerts of one digest, and the facts that they share. */
export interface DigestRows {
  rows: readonly AlertRow[];
  digest: DigestFacts;
}

/** Reads the alerts that a claim holds beside its own. */
export function heldRows(claim: DocumentSnapshot): DigestRows {
  const held = claim.get(HELD) as string | undefined;
  const { rows, requested_by } = held
    ? (JSON.parse(held) as HeldDigest)
    : { rows: [], requested_by: String(claim.get('requested_by') ?? '') };
  const digest = {
    recipient: String(claim.get('recipient')),
    runId: String(claim.get('run_id')),
    occurrence: new Date(millis(claim.get('occurrence')) ?? 0),
    requestedBy: requested_by,
  };
  return { rows, digest };
}
