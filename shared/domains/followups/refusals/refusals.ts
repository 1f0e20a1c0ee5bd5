import { Timestamp } from '@google-cloud/firestore';
import { isConflict } from '../../../doors/store/firestore.ts';
import type { Followup } from '../followup.ts';
import { sendRef } from '../followup.ts';
import type { Reason } from '../reasons.ts';
import { addHistory, type RecordContext } from '../record.ts';

/**
 * The refusals of one run. If it turns out that everybody was refused alike, the account is at fault, and the run takes back
 * what it recorded against single customers.
 */
export class Refusals {
  #recorded: { followup: Followup; reason: Reason }[] = [];

  /** Remembers a refusal and the follow-up as it was before. */
  add(followup: Followup, reason: Reason): void {
    this.#recorded.push({ followup, reason });
  }

  /** Restores the follow-ups that nobody has changed since. */
  async takeBack(context: RecordContext): Promise<void> {
    const recorded = this.#recorded;
    this.#recorded = [];
    for (const { followup, reason } of recorded) await restore(context, followup, reason);
  }
}

async function restore(context: RecordContext, before: Followup, reason: Reason): Promise<void> {
  const level = before.level + 1;
  const [now, send] = await context.store.getAll(before.ref, sendRef(before, level));
  if (!now?.updateTime || now.get('last_decision.reason') !== reason || now.get('status') !== 'open') return;
  const stamp = (instant: number | null) => (instant === null ? null : Timestamp.fromMillis(instant));
  const batch = context.store.batch();
  const fields = {
    next_due_at: stamp(before.nextDueAt),
    parked: null,
    refused_since: stamp(before.refusedSince),
    refusals: before.refusals,
    message_refusals: before.messageRefusals,
    last_decision: null,
  };
  batch.update(before.ref, fields, { lastUpdateTime: now.updateTime });
  if (send?.updateTime && send.get('state') === 'failed')
    batch.delete(send.ref, { lastUpdateTime: send.updateTime });
  addHistory(batch, before, context, {
    reason: 'mail_system',
    level,
    detail: 'The server refused every recipient of the run alike, so this refusal does not count.',
  });
  try {
    await batch.commit();
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}
