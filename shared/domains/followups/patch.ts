import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import type { FollowupChange } from './change.ts';
import { type Followup, standingOf, withFields } from './followup.ts';
import { closedReason } from './judge.ts';
import { searchTokens } from './list/search.ts';
import { isOtherAddress } from './row.ts';
import { dayAt, isDay, startOf } from './schedule/days.ts';
import { SEEN } from './schedule/plan.ts';
import { nextDue } from './schedule/schedule.ts';
import { reopen, revivedFields, scheduledFields } from './schedule/scheduled.ts';
import type { FollowupPatch } from './schema/followup.ts';
import type { Settings } from './settings.ts';

const TIMES = ['sent_at', 'valid_until', 'paused_until', 'next_due_at', 'last_sent_at'] as const;
/** The fields that decide when the next level is due. */
const SCHEDULING = [
  'due_date',
  'due_day',
  'sent_at',
  'valid_until',
  'paused_until',
  'level',
  'last_sent_at',
  'status',
  'amount_due',
] as const;
const DAY_MS = 86_400_000;

/** A patch that cannot be applied: its fields disagree (`illegal`), or the follow-up is past it (`conflict`). */
export class PatchFault extends Error {
  readonly kind: 'illegal' | 'conflict';
  constructor(kind: PatchFault['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Returns the fields as the store keeps them: a day becomes the organisation's midnight, a customer is merged.
 * Throws PatchFault if due_date and due_day name two days.
 */
export function toStoredFields(
  { due_date, due_day, ...patch }: FollowupPatch,
  settings: Settings,
  before: DocumentSnapshot | null,
): Record<string, unknown> {
  const times = TIMES.flatMap((name) => {
    const text = patch[name];
    return text === undefined ? [] : [[name, text === null ? null : toTimestamp(name, text, settings)]];
  });
  const merged = patch.customer && {
    customer: { ...(before?.get('customer') as object | undefined), ...patch.customer },
  };
  // A day of validity stays a day, so that no change of zone moves it.
  const validity = patch.valid_until && isDay(patch.valid_until) ? { valid_until: patch.valid_until } : {};
  return {
    ...patch,
    ...Object.fromEntries(times),
    ...merged,
    ...validity,
    ...toDueFields({ due_date, due_day }, settings),
  };
}

/** The due date as an instant, with the day and the zone that it stands for. An exact UTC midnight is that day. */
function toDueFields(
  { due_date, due_day }: Pick<FollowupPatch, 'due_date' | 'due_day'>,
  { rules }: Settings,
): Record<string, unknown> {
  const { zone } = rules.hours;
  const given = due_date === undefined ? due_day : due_date;
  if (given === undefined) return {};
  if (given === null) return { due_date: null, due_day: null, due_zone: null };
  const at = isDay(given) ? startOf(given, zone) : Date.parse(given);
  const isUtcDay = !isDay(given) && at % DAY_MS === 0;
  const day = isUtcDay ? new Date(at).toISOString().slice(0, 10) : dayAt(at, zone);
  if (due_day !== undefined && due_day !== day)
    throw new PatchFault(
      'illegal',
      `due_day ${JSON.stringify(due_day)} is not the day of due_date ${JSON.stringify(due_date)} in ${zone}, which is ${day}; give one of them, or two that agree.`,
    );
  const start = isUtcDay ? startOf(day, zone) : at;
  return { due_date: Timestamp.fromMillis(start), due_day: day, due_zone: zone };
}

/** The day of a sending is an exact UTC midnight, so that no change of zone moves it. Other days begin in the zone. */
function toTimestamp(name: (typeof TIMES)[number], text: string, { rules }: Settings): Timestamp {
  const isPlain = name === 'sent_at' || !isDay(text);
  return Timestamp.fromMillis(isPlain ? Date.parse(text) : startOf(text, rules.hours.zone));
}

/**
 * Returns the writes of a patch. The due time follows from the other fields, unless the patch names it.
 * - `open` never undoes an end by a person, a customer or a bounce; resume and restart do.
 * - A corrected address opens a bounced one again, a later valid_until an expired quote.
 *
 * Throws PatchFault for a patch that cannot be applied.
 */
export function decidePatch(
  snapshot: DocumentSnapshot,
  followup: Followup,
  settings: Settings,
  given: FollowupPatch,
): FollowupChange {
  if (lowersLevel(followup, given))
    throw new PatchFault(
      'conflict',
      `level ${given.level} is below the ${followup.level} that were sent; POST /api/followups/${followup.id}/restart begins the levels again.`,
    );
  const patch = withoutReopening(followup, given);
  const stored = toStoredFields(patch, settings, snapshot);
  if (Object.keys(stored).length === 0) return null;
  const words = { search: searchTokens(withFields(snapshot, stored)), seen: SEEN };
  const written = { ...stored, ...words };
  const entry = { reason: 'changed', detail: Object.keys(patch).join(', ') } as const;
  if (patch.next_due_at !== undefined)
    return { fields: { ...written, scheduled_by: null, parked: null }, entry };
  const reopened = reopenedFields(snapshot, followup, settings, { patch, written });
  if (reopened) return { fields: reopened, entry };
  const isClosed = closedReason(withFields(snapshot, written)) !== null;
  if (followup.parked && isClosed && patch.status !== undefined)
    return { fields: { ...written, next_due_at: null, parked: null }, entry };
  if (followup.parked && hasFix(snapshot, followup, settings, { patch, written }))
    return { fields: revivedFields(snapshot, written, settings), entry };
  if (followup.parked || !SCHEDULING.some((name) => patch[name] !== undefined))
    return { fields: written, entry };
  if (!isSchedulingChange(snapshot, written)) return { fields: written, entry };
  const scheduled = isClosed
    ? { next_due_at: null }
    : scheduledFields(withFields(snapshot, written), settings);
  return { fields: { ...written, ...scheduled }, entry };
}

/** Leaves out an `open` that would undo an end. */
function withoutReopening(followup: Followup, { status, ...patch }: FollowupPatch): FollowupPatch {
  const isStopped = followup.status === 'stopped' || (followup.status === 'open' && closedReason(followup));
  return status === undefined || (status === 'open' && isStopped) ? patch : { ...patch, status };
}

/** Returns true if a patch counts fewer levels than were sent: their mails would be due again, and never go. */
export const lowersLevel = (followup: Followup, { level }: FollowupPatch) =>
  level !== undefined && level < followup.level && followup.messageIds.length > 0;

interface PatchParts {
  patch: FollowupPatch;
  written: Record<string, unknown>;
}

/** Returns the fields that open a bounced or expired sequence again if the patch removes the cause; else null. */
function reopenedFields(
  snapshot: DocumentSnapshot,
  followup: Followup,
  settings: Settings,
  { patch, written }: PatchParts,
): Record<string, unknown> | null {
  const closed = closedReason(followup);
  const bounced = followup.bouncedAddress ?? followup.customer.email;
  const { email = null } = patch.customer ?? {};
  const isCorrected = closed === 'hard_bounce' && email !== null && isOtherAddress(email, bounced);
  const isExtended = closed === 'expired' && patch.valid_until !== undefined;
  return isCorrected || isExtended ? reopen(snapshot, written, settings) : null;
}

/** Returns true if a field of the schedule gets another value: a nightly copy of the same values moves nothing. */
function isSchedulingChange(snapshot: DocumentSnapshot, written: Record<string, unknown>): boolean {
  const isScheduled = (snapshot.get('next_due_at') ?? null) !== null;
  return SCHEDULING.some((name) => {
    const after = written[name];
    // An amount decides only if there is something to ask for.
    if (after === undefined || (name === 'amount_due' && isScheduled)) return false;
    const before: unknown = snapshot.get(name) ?? null;
    return after instanceof Timestamp && before instanceof Timestamp
      ? !after.isEqual(before)
      : after !== before;
  });
}

/**
 * A refused address and an excluded customer need another address. A held follow-up waits for a person, unless its due date moves. Any change may
 * fix every other cause.
 */
function hasFix(
  snapshot: DocumentSnapshot,
  { parked, customer: { email } }: Followup,
  settings: Settings,
  { patch, written }: PatchParts,
): boolean {
  if (parked?.reason === 'held')
    return (
      isSchedulingChange(snapshot, written) &&
      nextDue(standingOf(withFields(snapshot, written), settings), settings.rules).at !== null &&
      (patch.due_date !== undefined || patch.due_day !== undefined || patch.sent_at !== undefined)
    );
  if (parked?.reason !== 'address_refused' && parked?.reason !== 'customer_excluded') return true;
  return patch.customer?.email !== undefined && isOtherAddress(patch.customer.email, email);
}
