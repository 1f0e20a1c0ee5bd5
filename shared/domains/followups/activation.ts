import { type Firestore, Timestamp } from '@google-cloud/firestore';
import { dueFollowups } from './find.ts';
import { toFollowup } from './followup.ts';
import type { Settings } from './settings.ts';

const DAY_MS = 86_400_000;
/** A follow-up this late when automatic follow-ups are switched on waits for a confirmation. */
const HELD_AFTER_DAYS = 30;
/** The answer lists at most this many of the first mails. */
const MAX_LISTED = 20;

/** The effect of switching automatic follow-ups on, for a person to see before any mail goes. */
export interface Activation {
  /** The number of follow-ups due now and not held. */
  would_send_now: number;
  /** The most of them that the first run sends. */
  first_run: number;
  /** The number of follow-ups more than 30 days late, which wait for confirm_held. */
  held: number;
  held_due_before: string | null;
  /** The first mails to go, oldest first. */
  next: {
    id: string;
    source_label: string;
    customer: string | null;
    email: string | null;
    next_due_at: string | null;
  }[];
}

/** Switching on now holds the follow-ups that came due before this instant. */
export const heldDueBefore = (now: Date): Timestamp =>
  Timestamp.fromMillis(now.getTime() - HELD_AFTER_DAYS * DAY_MS);

/** Counts the follow-ups that an organisation's next runs would send, and those held back. */
export async function activationOf(store: Firestore, settings: Settings, now: Date): Promise<Activation> {
  const { orgId, heldDueBefore: bound } = settings;
  const free = dueFollowups(store, [orgId], now, bound === null ? undefined : new Date(bound));
  const [all, going, first] = await Promise.all([
    dueFollowups(store, [orgId], now).count().get(),
    free.count().get(),
    free.limit(MAX_LISTED).get(),
  ]);
  const [due, wouldSend] = [all.data().count, going.data().count];
  return {
    would_send_now: wouldSend,
    first_run: Math.min(wouldSend, settings.maxPerRun, settings.maxPerDay ?? wouldSend),
    held: due - wouldSend,
    held_due_before: bound === null ? null : new Date(bound).toISOString(),
    next: first.docs.map((snapshot) => {
      const { id, label, customer, nextDueAt } = toFollowup(snapshot);
      const next_due_at = nextDueAt === null ? null : new Date(nextDueAt).toISOString();
      return { id, source_label: label, customer: customer.name, email: customer.email, next_due_at };
    }),
  };
}
