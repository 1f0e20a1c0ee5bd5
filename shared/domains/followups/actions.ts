import { Timestamp } from '@google-cloud/firestore';
import type { Change } from './change.ts';
import { revived, withFields } from './change.ts';
import type { Followup, Status } from './followup.ts';
import type { StopReason } from './reasons.ts';
import { nextOpen } from './schedule/opening-hours.ts';
import { scheduledFields } from './schedule/reschedule.ts';
import type { Settings } from './settings.ts';

type Found = Parameters<typeof revived>[0];

/** A pause without an end lasts until somebody ends it. */
const FOR_GOOD = Date.parse('9999-01-01T00:00:00Z');

/** Ends a sequence; null where it has ended already. */
export function stopped(followup: Followup, reason: StopReason, detail: string | null): Change {
  // A customer's own word outweighs whatever stopped it before: nobody resumes that.
  const outweighs = reason === 'opted_out' && followup.status === 'stopped' && followup.stopReason !== reason;
  if (followup.status !== 'open' && !outweighs) return null;
  return { fields: { status: 'stopped', stop_reason: reason, next_due_at: null }, entry: { reason, detail } };
}

/** Its document was paid, accepted or cancelled: nothing more goes. */
export function ended(
  followup: Followup,
  status: Extract<Status, 'paid' | 'accepted' | 'cancelled'>,
): Change {
  if (followup.status === status) return null;
  return { fields: { status, next_due_at: null }, entry: { reason: status } };
}

/** Nothing goes before `until` (milliseconds); without one, not before it is resumed. */
export function paused(
  snapshot: Found,
  settings: Settings,
  until: number | null,
  detail: string | null,
): Change {
  const end = until ?? FOR_GOOD;
  const fields = { paused_until: Timestamp.fromMillis(end) };
  const followup = withFields(snapshot, fields);
  // One that is parked stays so: its due time is kept with the reason.
  if (followup.parked) return { fields, entry: { reason: 'paused', detail } };
  if (followup.nextDueAt === null) return { fields, entry: { reason: 'paused', detail } };
  const next = nextOpen(Math.max(followup.nextDueAt, end), settings.rules.hours);
  const before: unknown = snapshot.get('due_before_pause') ?? Timestamp.fromMillis(followup.nextDueAt);
  return {
    fields: { ...fields, next_due_at: Timestamp.fromMillis(next), due_before_pause: before },
    entry: { reason: 'paused', detail },
  };
}

/** Goes on after a pause, a stop or a fault; what an opt-out or a settled document ended is not opened again. */
export function resumed(snapshot: Found, followup: Followup, settings: Settings): Change {
  const reopen = followup.status === 'stopped' && followup.stopReason !== 'opted_out';
  if (followup.status !== 'open' && !reopen) return null;
  const fields = { paused_until: null, ...(reopen ? { status: 'open', stop_reason: null } : {}) };
  if (followup.parked) return { fields: revived(snapshot, fields, settings), entry: { reason: 'resumed' } };
  const scheduled = scheduledFields(withFields(snapshot, fields), settings);
  // A due time that another back end has set is its word, and as good as before the pause.
  const before: unknown = snapshot.get('due_before_pause') ?? null;
  const kept =
    before !== null && followup.scheduledBy === null ? { next_due_at: before, scheduled_by: null } : {};
  const rest = { due_before_pause: null, last_decision: null };
  return { fields: { ...fields, ...scheduled, ...kept, ...rest }, entry: { reason: 'resumed' } };
}
