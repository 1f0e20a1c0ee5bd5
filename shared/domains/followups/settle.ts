import { Timestamp } from '@google-cloud/firestore';
import { isConflict, millis } from '../../doors/store/firestore.ts';
import type { ChangeContext } from './change.ts';
import { readFollowup } from './change.ts';
import { sendRef } from './followup.ts';
import { addHistory } from './record.ts';
import { sentFields } from './send.ts';

/**
 * Settles an uncertain mail: `sent` counts its level, `not_sent` makes it due again under the same Message-ID. Returns
 * null if there is no such follow-up, false if no mail is uncertain or it has just changed.
 */
export async function settleUnknown(
  context: ChangeContext,
  id: string,
  outcome: 'sent' | 'not_sent',
  why: string,
): Promise<boolean | null> {
  const { store, now } = context;
  const found = await readFollowup(context, id);
  if (!found) return null;
  const { snapshot, followup, settings } = found;
  const level = followup.level + 1;
  const send = await sendRef(followup, level).get();
  const isRecorded = send.get('state') === 'unknown';
  // A run that lost its claim may have deleted the record of a mail that another run parked.
  const isWithoutRecord = !send.exists && followup.parked?.reason === 'unknown_delivery';
  if (!snapshot.updateTime || !(isRecorded || isWithoutRecord)) return false;
  const sentAt = new Date(millis(send.get('claimed_at')) ?? now.getTime());
  const batch = store.batch();
  const settled = { settled_at: Timestamp.fromDate(now), response: why };
  const sent = outcome === 'sent';
  const end = sent
    ? { ...settled, state: 'sent', sent_at: Timestamp.fromDate(sentAt) }
    : { ...settled, state: 'failed' };
  if (send.updateTime) batch.update(send.ref, end, { lastUpdateTime: send.updateTime });
  else batch.create(send.ref, { org_id: followup.orgId, level, to: followup.customer.email, ...end });
  const due = followup.parked?.dueAt ?? now.getTime();
  const again = {
    next_due_at: Timestamp.fromMillis(due),
    scheduled_by: null,
    parked: null,
    last_decision: null,
  };
  batch.update(followup.ref, sent ? sentFields(followup, settings, level, { settledAt: sentAt }) : again, {
    lastUpdateTime: snapshot.updateTime,
  });
  addHistory(batch, followup, context, {
    reason: 'settled',
    level,
    detail: `${outcome}: ${why}`,
    messageId: send.get('message_id'),
  });
  try {
    await batch.commit();
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}
