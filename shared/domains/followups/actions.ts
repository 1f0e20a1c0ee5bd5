import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import type { FollowupChange } from './change.ts';
import { type Followup, type Status, withFields } from './followup.ts';
import { closedReason } from './judge.ts';
import type { StopReason } from './reasons.ts';
import { nextOpen } from './schedule/opening-hours.ts';
import { revivedFields, scheduledFields } from './schedule/scheduled.ts';
import type { Settings } from './settings.ts';

/** A pause without an end lasts until a person resumes the follow-up. */
export const FOR_GOOD = Date.parse('9999-01-01T00:00:00Z');

/** Stops a sequence. Returns null if it has ended already. */
export function stopped(followup: Followup, reason: StopReason, detail: string | null): FollowupChange {
  // An opt-out replaces every earlier reason, because nobody may resume it.
  const outweighs = reason === 'opted_out' && followup.status === 'stopped' && followup.stopReason !== reason;
  if (followup.status !== 'open' && !outweighs) return null;
  const bounced = reason === 'hard_bounce' ? { bounced_address: followup.customer.email } : {};
  const fields = { status: 'stopped', stop_reason: reason, next_due_at: null, ...bounced };
  return { fields, entry: { reason, detail } };
}

/** Ends a sequence whose document is paid, accepted or cancelled. */
export function ended(
  followup: Followup,
  status: Extract<Status, 'paid' | 'accepted' | 'cancelled'>,
): FollowupChange {
  if (followup.status === status) return null;
  return { fields: { status, next_due_at: null, ...readFields(followup) }, entry: { reason: status } };
}

/** A status that nobody could read is one that the walk had listed among the faults. */
const readFields = ({ status, parked }: Followup) => (status === null && parked ? { parked: null } : {});

/** Pauses a sequence until an instant (milliseconds), or until a person resumes it. */
export function paused(
  snapshot: DocumentSnapshot,
  settings: Settings,
  until: number | null,
  detail: string | null,
): FollowupChange {
  const end = until ?? FOR_GOOD;
  const fields = { paused_until: Timestamp.fromMillis(end) };
  const followup = withFields(snapshot, fields);
  // A parked follow-up stays parked; its due time is kept with the reason.
  if (followup.parked) return { fields, entry: { reason: 'paused', detail } };
  if (followup.nextDueAt === null) return { fields, entry: { reason: 'paused', detail } };
  const next = nextOpen(Math.max(followup.nextDueAt, end), settings.rules.hours);
  const before: unknown = snapshot.get('due_before_pause') ?? Timestamp.fromMillis(followup.nextDueAt);
  return {
    fields: { ...fields, next_due_at: Timestamp.fromMillis(next), due_before_pause: before },
    entry: { reason: 'paused', detail },
  };
}

/** Resumes after a pause, a stop or a fault. Returns null after an opt-out or the end of the document. */
export function resumed(
  snapshot: DocumentSnapshot,
  followup: Followup,
  settings: Settings,
  now: Date,
): FollowupChange {
  const isStopped = followup.status === 'stopped' || followup.status === 'open';
  const closed = closedReason(followup);
  if (!isStopped || closed === 'opted_out') return null;
  const reopen = closed !== null;
  // Answers that came before are known to whom resumes it, and end it no more.
  const resumedAt = { resumed_at: Timestamp.fromDate(now) };
  const fields = {
    paused_until: null,
    ...resumedAt,
    ...(reopen ? { status: 'open', stop_reason: null } : {}),
  };
  if (followup.parked)
    return { fields: revivedFields(snapshot, fields, settings), entry: { reason: 'resumed' } };
  const scheduled = scheduledFields(withFields(snapshot, fields), settings);
  // Another back end chose this due time before the pause, so it holds again.
  const before: unknown = snapshot.get('due_before_pause') ?? null;
  const kept =
    before !== null && followup.scheduledBy === null ? { next_due_at: before, scheduled_by: null } : {};
  const rest = { due_before_pause: null, last_decision: null };
  return { fields: { ...fields, ...scheduled, ...kept, ...rest }, entry: { reason: 'resumed' } };
}

/**
 * Begins the levels again as a new cycle, such as for a bounced direct debit. The records of earlier cycles stay. Returns
 * null if this cycle has sent nothing and waits for its first level already.
 */
export function restarted(
  snapshot: DocumentSnapshot,
  followup: Followup,
  settings: Settings,
  { detail, now }: { detail: string | null; now: Date },
): FollowupChange {
  const isFresh = followup.level === 0 && closedReason(followup) === null && !followup.parked;
  if (isFresh) return null;
  const all: unknown = snapshot.get('message_ids');
  const fields = {
    status: 'open',
    stop_reason: null,
    paused_until: null,
    // Answers to the mails of earlier cycles end this one no more.
    resumed_at: Timestamp.fromDate(now),
    cycle: followup.cycle + 1,
    level: 0,
    parked: null,
    refused_since: null,
    refusals: 0,
    message_refusals: 0,
    due_before_pause: null,
    earlier_mails: Array.isArray(all) ? all.length : 0,
    last_decision: null,
  };
  const scheduled = scheduledFields(withFields(snapshot, fields), settings);
  return { fields: { ...fields, ...scheduled }, entry: { reason: 'restarted', detail } };
}
