import { Timestamp } from '@google-cloud/firestore';
import type { Fault } from '../../../doors/mail/faults/kinds.ts';
import type { Followup } from '../followup.ts';
import type { Reason } from '../reasons.ts';
import { addHistory, decisionFields, parkedFields, type RecordContext } from '../record.ts';
import { nextOpen } from '../schedule/opening-hours.ts';
import type { Settings } from '../settings.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The wait after a first refusal. Each further refusal doubles it, up to a day. */
const FIRST_RETRY_MS = HOUR_MS;
/** RFC 5321 4.5.4.1: a sender gives up after four to five days. */
const GIVE_UP_MS = 5 * DAY_MS;
/** A mail that the server dislikes waits for a person after this many runs. */
const MESSAGE_TRIES = 3;
/** A disabled mailbox may be enabled again, so it is tried once more. */
const DISABLED_RETRY_MS = 7 * DAY_MS;

type RefusedReminder = { followup: Followup; settings: Settings };

/**
 * Records that the server did not take a mail that may still go:
 * - The recipient does not take it for now: it waits, longer each time, and is parked after five days.
 * - The server dislikes the mail or gives no clear reason: it stays due, and is parked after three runs.
 * - The account may not send as this From: it stays due.
 * Returns the reason.
 */
export async function recordRefusal(
  context: RecordContext,
  reminder: RefusedReminder,
  { whose }: Fault,
  response: string | null,
): Promise<Reason> {
  if (whose === 'sender') return 'sender_refused';
  const { followup } = reminder;
  const { reason, fields } =
    whose === 'recipient'
      ? postponed(reminder, response, context.now)
      : messageRefused(reminder, response, context.now);
  const batch = context.store.batch();
  batch.update(followup.ref, fields);
  if (followup.lastReason !== reason)
    addHistory(batch, followup, context, { reason, level: followup.level + 1, response });
  await batch.commit();
  return reason;
}

interface RefusalRecord {
  reason: Reason;
  fields: Record<string, unknown>;
}

function postponed(
  { followup, settings }: RefusedReminder,
  response: string | null,
  now: Date,
): RefusalRecord {
  const since = followup.refusedSince ?? now.getTime();
  if (now.getTime() - since >= GIVE_UP_MS)
    return {
      reason: 'refused_for_days',
      fields: parkedForNotice({ followup, settings }, 'refused_for_days', response, now),
    };
  const waitMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(followup.refusals, 10), DAY_MS);
  const fields = {
    next_due_at: Timestamp.fromMillis(nextOpen(now.getTime() + waitMs, settings.rules.hours)),
    refused_since: Timestamp.fromMillis(since),
    refusals: followup.refusals + 1,
    ...decisionFields('refused_for_now', followup.level + 1, now),
  };
  return { reason: 'refused_for_now', fields };
}

function messageRefused(reminder: RefusedReminder, response: string | null, now: Date): RefusalRecord {
  const { followup } = reminder;
  const reason = 'message_refused';
  const refusals = followup.messageRefusals + 1;
  const fields =
    refusals < MESSAGE_TRIES
      ? { message_refusals: refusals, ...decisionFields(reason, followup.level + 1, now) }
      : parkedForNotice(reminder, reason, response, now);
  return { reason, fields };
}

/** Parks a refused follow-up; `parked.notified` is false until its owner has got a notice. */
function parkedForNotice(
  { followup, settings }: RefusedReminder,
  reason: Reason,
  response: string | null,
  now: Date,
): Record<string, unknown> {
  const fields = parkedFields(followup, reason, response, now);
  if (settings.notifyEmail === null) return fields;
  return { ...fields, parked: { ...(fields['parked'] as object), notified: false } };
}

/** The fields after a refusal for good: parked, and a disabled mailbox is tried once more after a week. */
export function refusedFields(
  { followup, settings }: RefusedReminder,
  fault: Fault | null,
  response: string | null,
  now: Date,
): Record<string, unknown> {
  const fields = parkedForNotice({ followup, settings }, 'address_refused', response, now);
  if (fault?.kind !== 'mailbox_disabled' || followup.parked) return fields;
  const again = nextOpen(now.getTime() + DISABLED_RETRY_MS, settings.rules.hours);
  return { ...fields, next_due_at: Timestamp.fromMillis(again) };
}
