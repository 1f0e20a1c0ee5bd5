import { type Firestore, Timestamp } from '@google-cloud/firestore';
import { dueFollowups } from './find.ts';
import { toFollowup } from './followup.ts';
import type { Settings } from './settings.ts';

const DAY_MS = 86_400_000;
/** What is this much late when automatic follow-ups are switched on waits for a confirmation. */
const HELD_AFTER_DAYS = 30;
/** The answer names so many of those that go first. */
const SHOWN = 20;

/** What switching automatic follow-ups on means, told before anything goes. */
export interface Activation {
  /** Due now and not held. */
  would_send_now: number;
  /** The most that the first run sends of them. */
  first_run: number;
  /** More than 30 days late; they wait until confirm_held. */
  held: number;
  held_due_before: string | null;
  /** The first ones that go, oldest first. */
  next: {
    id: string;
    source_label: string;
    customer: string | null;
    email: string | null;
    next_due_at: string | null;
  }[];
}

/** What came due before this is held when automatic follow-ups are switched on now. */
export const heldDueBefore = (now: Date): Timestamp =>
  Timestamp.fromMillis(now.getTime() - HELD_AFTER_DAYS * DAY_MS);

/** What an organisation's next runs would send, and what is held back; counted, not read. */
export async function activationOf(store: Firestore, settings: Settings, now: Date): Promise<Activation> {
  const { orgId, heldDueBefore: bound } = settings;
  const free = dueFollowups(store, [orgId], now, bound === null ? undefined : new Date(bound));
  const [all, going, first] = await Promise.all([
    dueFollowups(store, [orgId], now).count().get(),
    free.count().get(),
    free.limit(SHOWN).get(),
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
