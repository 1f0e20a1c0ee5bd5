import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { startOfDay } from '../../../doors/time/zoned.ts';
import { type Followup, standingOf, toFollowup, withFields } from '../followup.ts';
import { closedReason, judgeMail } from '../judge.ts';
import { searchTokens } from '../list/search.ts';
import { isBelowMinimum, isSettled } from '../mail/content.ts';
import { CHECKED_AGAIN, type ParkingReason } from '../reasons.ts';
import { parkedFields } from '../record.ts';
import { isOtherAddress } from '../row.ts';
import type { Settings } from '../settings.ts';
import { dayAt, readDay, startOf } from './days.ts';
import { endedFields } from './ended.ts';
import { isLate } from './hold.ts';
import { isScheduledBy, nextDue } from './schedule.ts';
import { revivedFields, scheduledFields } from './scheduled.ts';

const DAY_MS = 86_400_000;
/** The zone of days that other back ends write as exact UTC midnights. */
const UTC = 'UTC';
/** The version of what this walk writes to every row, so that a count finds rows that it has not seen. */
export const SEEN = 1;

/** The writes that bring a follow-up in line with its organisation's settings, and the follow-up after them. */
export interface Plan {
  fields: Record<string, unknown>;
  after: Followup;
  /** The rules gave it another due time. */
  isRescheduled: boolean;
  /** It changes when a mail goes; else it only writes the words and days that people look for. */
  isUrgent: boolean;
}

/**
 * Plans what a follow-up needs at this instant. Pure, so that a dry run, an answer and a run agree. Null if it needs
 * nothing.
 * - A due time if it has none, or if rules or start have changed. What becomes due at once and is late is held.
 * - The end of a parking whose cause is mended, or of a hold that is confirmed.
 * - The day of its due date, and the words that searches find.
 */
export function planFollowup(snapshot: DocumentSnapshot, settings: Settings, now: number): Plan | null {
  const followup = toFollowup(snapshot);
  const scheduling = schedulingFields(snapshot, followup, settings, now);
  const fields = {
    ...dueFields(followup, settings),
    ...sentFields(followup, settings),
    ...wordFields(snapshot, followup),
    ...scheduling,
  };
  if (Object.keys(fields).length === 0) return null;
  const after = withFields(snapshot, fields);
  const isRescheduled = 'scheduled_by' in fields && after.nextDueAt !== followup.nextDueAt;
  return { fields, after, isRescheduled, isUrgent: Object.keys(scheduling).length > 0 };
}

/** Returns a follow-up as its plan leaves it, without the words of searches, which no decision needs. */
export function afterPlan(snapshot: DocumentSnapshot, settings: Settings, now: number): Followup {
  const followup = toFollowup(snapshot);
  const fields = {
    ...dueFields(followup, settings),
    ...sentFields(followup, settings),
    ...schedulingFields(snapshot, followup, settings, now),
  };
  return Object.keys(fields).length === 0 ? followup : withFields(snapshot, fields);
}

const schedulingFields = (
  snapshot: DocumentSnapshot,
  followup: Followup,
  settings: Settings,
  now: number,
): Record<string, unknown> => ({
  ...statusFields(snapshot, followup),
  ...(closedReason(followup) === null
    ? openFields(snapshot, followup, settings, now)
    : endedFields(snapshot, followup, settings, now)),
});

/** The day of the sending as an exact UTC midnight, so that no further change of zone moves it. */
function sentFields({ sentAt }: Followup, { zoneBefore }: Settings): Record<string, unknown> {
  if (sentAt === null || zoneBefore === null || sentAt % DAY_MS === 0) return {};
  const isDay = startOfDay(sentAt, zoneBefore) === sentAt;
  return isDay ? { sent_at: Timestamp.fromMillis(startOf(dayAt(sentAt, zoneBefore), UTC)) } : {};
}

/** The day of the due date, as this zone writes it. An exact UTC midnight stays as its back end wrote it. */
function dueFields({ due }: Followup, { rules, zoneBefore }: Settings): Record<string, unknown> {
  const { zone } = rules.hours;
  const read = readDay(due, zone, zoneBefore);
  if (read === null || due.at === null) return {};
  const wasOurs = due.zone !== null && due.zone !== UTC && due.day === read.day && !read.isTimed;
  const wasBefore = zoneBefore !== null && due.at % DAY_MS !== 0 && startOfDay(due.at, zoneBefore) === due.at;
  if (wasOurs || (wasBefore && !read.isTimed)) {
    const at = startOf(read.day, zone);
    if (at === due.at && due.day === read.day && due.zone === zone) return {};
    return { due_date: Timestamp.fromMillis(at), due_day: read.day, due_zone: zone };
  }
  const of = due.at % DAY_MS === 0 ? UTC : zone;
  return due.day === read.day && due.zone === of ? {} : { due_day: read.day, due_zone: of };
}

/** The words that searches find. */
function wordFields(snapshot: DocumentSnapshot, followup: Followup): Record<string, unknown> {
  const search = searchTokens(followup);
  const known: unknown = snapshot.get('search');
  const isFound = Array.isArray(known) && known.join(' ') === search.join(' ');
  return { ...(isFound ? {} : { search }), ...(snapshot.get('seen') === SEEN ? {} : { seen: SEEN }) };
}

/** The status as queries compare it. */
function statusFields(snapshot: DocumentSnapshot, { status }: Followup): Record<string, unknown> {
  return status !== null && snapshot.get('status') !== status ? { status } : {};
}

function openFields(
  snapshot: DocumentSnapshot,
  followup: Followup,
  settings: Settings,
  now: number,
): Record<string, unknown> {
  const { parked } = followup;
  if (parked) return heldAtSwitch(snapshot, unparkedFields(snapshot, followup, settings, now), settings);
  const park = (reason: ParkingReason, detail: string | null) =>
    parkedFields(followup, reason, detail, new Date(now));
  // A run reports and parks what it finds by its due time; nothing else would.
  const isFound = isTimestamp(snapshot, 'next_due_at') && snapshot.get('status') === 'open';
  if (followup.fault !== null) return isFound ? {} : park('bad_row', followup.fault);
  const standing = standingOf(followup, settings);
  const next = nextDue(standing, settings.rules);
  const isUnscheduled = followup.nextDueAt === null;
  if (isUnscheduled && next.reason === 'no_start')
    return park('no_start', 'Give due_date, for a quote sent_at.');
  if (isUnscheduled && (isSettled(followup) || isBelowMinimum(followup, settings))) return {};
  const { scheduledBy } = followup;
  // A change of the rules replaces due times of other back ends too.
  const isOutdated =
    scheduledBy === null ? settings.rescheduling : !isScheduledBy(scheduledBy, standing, settings.rules);
  const needsDueTime = isUnscheduled ? next.at !== null : isOutdated || !isTimestamp(snapshot, 'next_due_at');
  const fields = needsDueTime ? scheduledFields(followup, settings) : {};
  const after = needsDueTime ? withFields(snapshot, fields) : followup;
  if (!mustHold(followup, after, settings, now)) return fields;
  return { ...fields, ...parkedFields(after, 'held', null, new Date(now)) };
}

const isCheckedAgain = (reason: ParkingReason) => CHECKED_AGAIN.some((one) => one === reason);

const isTimestamp = (snapshot: DocumentSnapshot, name: string) => snapshot.get(name) instanceof Timestamp;

/** Ends a parking whose cause is gone. A hold ends if a person has confirmed it. */
function unparkedFields(
  snapshot: DocumentSnapshot,
  followup: Followup,
  settings: Settings,
  now: number,
): Record<string, unknown> {
  const { parked, customer } = followup;
  if (parked?.reason === 'held') return settings.releasing ? revivedFields(snapshot, {}, settings) : {};
  if (!parked || followup.fault !== null) return {};
  const { address } = parked;
  if (address !== null && customer.email !== null && isOtherAddress(customer.email, address))
    return revivedFields(snapshot, {}, settings);
  if (!isCheckedAgain(parked.reason)) return {};
  if (nextDue(standingOf(followup, settings), settings.rules).at === null) return {};
  const { do: verdict } = judgeMail({ followup, settings, level: followup.level + 1 }, now);
  return verdict === 'park' ? {} : revivedFields(snapshot, {}, settings);
}

/** Holds at the switch also what is no longer parked, if it was due and late then. */
function heldAtSwitch(
  snapshot: DocumentSnapshot,
  fields: Record<string, unknown>,
  settings: Settings,
): Record<string, unknown> {
  const { holdingSince, releasing } = settings;
  if (holdingSince === null || releasing || !('next_due_at' in fields)) return fields;
  const after = withFields(snapshot, fields);
  const isDue = after.nextDueAt !== null && after.nextDueAt <= holdingSince;
  if (!settings.enabled || !isDue || !isLate(after, settings, holdingSince)) return fields;
  return { ...fields, ...parkedFields(after, 'held', null, new Date(holdingSince)) };
}

/** Holds what a change makes due at once and what is late by now, so that nobody gets old reminders by surprise. */
function mustHold(before: Followup, after: Followup, settings: Settings, now: number): boolean {
  const { enabled, holdingSince, heldDueBefore } = settings;
  const due = after.nextDueAt;
  if (!enabled || due === null) return false;
  if (heldDueBefore !== null && due < heldDueBefore) return true;
  if (holdingSince !== null) return due <= holdingSince && isLate(after, settings, holdingSince);
  const wasDue = before.nextDueAt !== null && before.nextDueAt <= now;
  return !wasDue && due <= now && isLate(after, settings, now);
}
