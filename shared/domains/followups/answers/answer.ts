import type { DocumentSnapshot } from '@google-cloud/firestore';
import { millis } from '../../../doors/store/firestore.ts';

/**
 * A message in a mailbox that concerns a follow-up:
 * - `reply`: a person answered a reminder: the sequence ends.
 * - `auto_reply`: a machine answered one, such as an out-of-office: it is postponed.
 * - `doubtful`: a person must look: it is postponed for longer.
 * - `complaint`: the customer reported a reminder as unwanted, which counts as an opt-out.
 * - `hard_bounce`: a report (RFC 3464) that the address will never get a reminder.
 * - `returned`, `refused`: a reminder did not arrive, for now or by our own fault: its level is sent again.
 * - `own_copy`: the reminder itself, in Sent or as a copy, so it was sent.
 */
export interface FollowupSignal {
  kind:
    | 'reply'
    | 'auto_reply'
    | 'doubtful'
    | 'complaint'
    | 'hard_bounce'
    | 'returned'
    | 'refused'
    | 'own_copy';
  orgId: string;
  /** The Message-IDs of the reminders that it answers, reports or is, oldest first, as `<left@right>`. */
  messageIds: readonly string[];
  /** The Message-ID of the message itself, or its document if it has none: it counts once. */
  answerId: string;
  /** Its document in inbox_messages. */
  documentId: string;
  receivedAt: Date;
  /** The addresses that a report names, lower-case; a report that names none is about the customer's. */
  recipients?: readonly string[];
  /** The return date of an absent person, if the auto-reply names one. */
  backAt?: Date;
  /** One line for the history: the sender, or the words of the report. */
  detail: string;
}

/** An answer that has had its effect on a follow-up. */
export interface KnownAnswer {
  /** Its Message-ID, or its document if it has none. */
  id: string;
  /** The document of the mail that had the effect; copies in other folders have none. */
  document: string;
  effect: 'stopped' | 'postponed' | 'returned';
}

/** The newest answers are kept; a sequence has a handful. */
const MAX_ANSWERS = 50;
/** IMAP tells the arrival in whole seconds. */
const PRECISION_MS = 1_000;

/** Returns the answers that have had their effect on a follow-up, oldest first. */
export const answersOf = (snapshot: DocumentSnapshot): KnownAnswer[] =>
  (snapshot.get('answers') as KnownAnswer[] | undefined) ?? [];

/** Returns the field that remembers one more answer. */
export const answerFields = (snapshot: DocumentSnapshot, answer: KnownAnswer) => ({
  answers: [...answersOf(snapshot), answer].slice(-MAX_ANSWERS),
});

/** Returns true if a person has resumed the follow-up after a mail came: the decision was made with it at hand. */
export function isDecidedSince(snapshot: DocumentSnapshot, receivedAt: Date): boolean {
  const resumedAt = millis(snapshot.get('resumed_at'));
  return resumedAt !== null && receivedAt.getTime() + PRECISION_MS <= resumedAt;
}
