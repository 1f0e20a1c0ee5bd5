import { type DocumentSnapshot, Timestamp, type WriteBatch } from '@google-cloud/firestore';
import { isConflict } from '../../doors/store/firestore.ts';
import type { Verdict } from './judge.ts';
import { addHistory, parkedFields, type RecordContext } from './record.ts';
import { type Prepared, sentFields } from './send.ts';

/**
 * Aligns a follow-up with its send record after a process died: counts a sent level, parks an uncertain mail. Returns
 * false if either document has changed since it was read.
 */
export async function repairFollowup(
  context: RecordContext,
  prepared: Prepared,
  verdict: Verdict,
): Promise<boolean> {
  const { followup, settings, send } = prepared;
  const level = followup.level + 1;
  const batch = context.store.batch();
  const precondition = followup.writtenAt ? { lastUpdateTime: followup.writtenAt } : {};
  if (verdict.reason === 'already_sent') {
    const sentAt = send.get('sent_at') ?? send.get('settled_at') ?? send.get('claimed_at');
    const settledAt = sentAt instanceof Timestamp ? sentAt.toDate() : context.now;
    batch.update(followup.ref, sentFields(followup, settings, level, { settledAt }), precondition);
  } else {
    if (send.get('state') === 'sending') markUncertain(batch, send, context.now);
    batch.update(
      followup.ref,
      parkedFields(followup, 'unknown_delivery', 'its process ended', context.now),
      precondition,
    );
  }
  addHistory(batch, followup, context, {
    reason: verdict.reason,
    level,
    messageId: String(send.get('message_id')),
  });
  try {
    await batch.commit();
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}

/** Settles a send record whose process died after the mail's body may have begun. */
function markUncertain(batch: WriteBatch, send: DocumentSnapshot, now: Date): void {
  batch.update(
    send.ref,
    {
      state: 'unknown',
      settled_at: Timestamp.fromDate(now),
      response: 'the sending process ended before the answer came',
    },
    send.updateTime ? { lastUpdateTime: send.updateTime } : {},
  );
}
