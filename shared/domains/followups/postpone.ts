import { Timestamp } from '@google-cloud/firestore';
import type { Followup } from './followup.ts';
import type { Reason } from './reasons.ts';
import { addHistory, decisionFields, parkedFields, type RecordContext } from './record.ts';
import { nextOpen } from './schedule/opening-hours.ts';
import type { Settings } from './settings.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The wait after a first refusal. Each further refusal doubles it, up to a day. */
const FIRST_RETRY_MS = HOUR_MS;
/** RFC 5321 4.5.4.1: a sender gives up after four to five days. */
const GIVE_UP_MS = 5 * DAY_MS;

/**
 * Postpones a follow-up if the server refuses its recipient for now; parks it after five days of refusals. Returns the
 * reason stored.
 */
export async function postponeRefused(
  context: RecordContext,
  { followup, settings }: { followup: Followup; settings: Settings },
  response: string | null,
): Promise<Reason> {
  const { store, now } = context;
  const since = followup.refusedSince ?? now.getTime();
  const hasGivenUp = now.getTime() - since >= GIVE_UP_MS;
  const reason = hasGivenUp ? 'address_refused' : 'refused_for_now';
  const waitMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(followup.refusals, 10), DAY_MS);
  const again = nextOpen(now.getTime() + waitMs, settings.rules.hours);
  const level = followup.level + 1;
  const batch = store.batch();
  batch.update(
    followup.ref,
    hasGivenUp
      ? parkedFields(followup, reason, response, now)
      : {
          next_due_at: Timestamp.fromMillis(again),
          refused_since: Timestamp.fromMillis(since),
          refusals: followup.refusals + 1,
          ...decisionFields(reason, level, now),
        },
  );
  if (followup.lastReason !== reason) addHistory(batch, followup, context, { reason, level, response });
  await batch.commit();
  return reason;
}
