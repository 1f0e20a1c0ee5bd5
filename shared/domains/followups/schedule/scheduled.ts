import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { type Followup, standingOf, withFields } from '../followup.ts';
import type { Settings } from '../settings.ts';
import { isScheduledBy, nextDue, scheduleKey } from './schedule.ts';

/** The due time by the present rules, and the key of those rules and the start. */
export function scheduledFields(followup: Followup, settings: Settings): Record<string, unknown> {
  const standing = standingOf(followup, settings);
  const next = nextDue(standing, settings.rules).at;
  return {
    next_due_at: next === null ? null : Timestamp.fromMillis(next),
    scheduled_by: scheduleKey(standing, settings.rules),
  };
}

/** Adds the fields that begin a stopped sequence again where it was. */
export const reopen = (
  snapshot: DocumentSnapshot,
  fields: Record<string, unknown>,
  settings: Settings,
): Record<string, unknown> =>
  revivedFields(snapshot, { ...fields, status: 'open', stop_reason: null, bounced_address: null }, settings);

/**
 * Adds the fields that end a parking: the due time is the old one, unless rules or start have changed since. An uncertain
 * mail stays parked until a person settles it.
 */
export function revivedFields(
  snapshot: DocumentSnapshot,
  fields: Record<string, unknown>,
  settings: Settings,
): Record<string, unknown> {
  const followup = withFields(snapshot, fields);
  const { parked, scheduledBy } = followup;
  if (parked?.reason === 'unknown_delivery') return fields;
  const scheduled = scheduledFields({ ...followup, parked: null }, settings);
  const isCurrent =
    scheduledBy === null || isScheduledBy(scheduledBy, standingOf(followup, settings), settings.rules);
  const dueAt = isCurrent && scheduled['next_due_at'] !== null ? (parked?.dueAt ?? null) : null;
  return {
    ...fields,
    ...scheduled,
    ...(dueAt === null ? {} : { next_due_at: Timestamp.fromMillis(dueAt), scheduled_by: scheduledBy }),
    parked: null,
    refused_since: null,
    refusals: 0,
    message_refusals: 0,
    last_decision: null,
  };
}
