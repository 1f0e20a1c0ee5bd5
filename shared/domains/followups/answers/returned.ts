import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { isConflict } from '../../../doors/store/firestore.ts';
import { addDays } from '../../../doors/time/zoned.ts';
import { type ChangeContext, readFollowup } from '../change.ts';
import type { Followup } from '../followup.ts';
import { addHistory, parkedFields } from '../record.ts';
import { nextOpen } from '../schedule/opening-hours.ts';
import type { Settings } from '../settings.ts';
import { answerFields, answersOf, type FollowupSignal } from './answer.ts';

/** A reminder that came back is sent again after this many days; `min_gap_days` still holds. */
const AGAIN_DAYS = 1;
/** With the third return of one level a person must look. */
const MAX_RETURNS = 3;
const MAX_REFERENCES = 30;
const TRIES = 5;

/** The send record of the last level, if a report says that this mail was not delivered. */
interface ReturnedMail {
  snapshot: DocumentSnapshot;
  followup: Followup;
  settings: Settings;
  send: DocumentSnapshot;
}

/**
 * Takes back a level whose mail was not delivered: it counts as not sent and is due again. Returns false if the report
 * is about another mail or address, or was heard before.
 */
export async function returnLevel(
  context: ChangeContext,
  id: string,
  signal: FollowupSignal,
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await readFollowup(context, id);
    if (!found) return false;
    const known = answersOf(found.snapshot).find((each) => each.id === signal.answerId);
    if (known) return known.document === signal.documentId;
    const send = await lastSend(found.followup, signal);
    if (!send) return false;
    try {
      await writeReturn(context, { ...found, send }, signal);
      return true;
    } catch (error) {
      if (!isConflict(error) || attempt === TRIES) throw error;
    }
  }
}

async function lastSend(
  followup: Followup,
  { messageIds, recipients = [] }: FollowupSignal,
): Promise<DocumentSnapshot | null> {
  if (followup.status !== 'open' || followup.level === 0) return null;
  const { docs } = await followup.ref
    .collection('sends')
    .where('message_id', 'in', messageIds.slice(-MAX_REFERENCES))
    .get();
  const send = docs.find((doc) => doc.get('level') === followup.level && doc.get('state') === 'sent');
  const to = String(send?.get('to') ?? followup.customer.email ?? '').toLowerCase();
  return send && (recipients.length === 0 || recipients.includes(to)) ? send : null;
}

async function writeReturn(
  context: ChangeContext,
  { snapshot, followup, settings, send }: ReturnedMail,
  { kind, answerId, documentId, detail }: FollowupSignal,
): Promise<void> {
  const { now, store } = context;
  const at = Timestamp.fromDate(now);
  const returns = Number(send.get('returns') ?? 0) + 1;
  const level = followup.level - 1;
  const { hours } = settings.rules;
  const due = nextOpen(addDays(now.getTime(), AGAIN_DAYS, hours.zone), hours);
  const again = { next_due_at: Timestamp.fromMillis(due), scheduled_by: null, last_decision: null };
  const parked = parkedFields({ ...followup, level, nextDueAt: due }, 'address_refused', detail, now);
  const batch = store.batch();
  // Operators are notified of what came back by our own fault.
  const returned = { returns, returned_at: at, returned_by: kind === 'refused' ? 'us' : 'recipient' };
  batch.update(send.ref, { state: 'failed', response: detail, ...returned }, updatedAt(send));
  batch.update(
    followup.ref,
    {
      level,
      ...(returns < MAX_RETURNS ? again : parked),
      ...answerFields(snapshot, { id: answerId, document: documentId, effect: 'returned' }),
    },
    updatedAt(snapshot),
  );
  addHistory(batch, followup, context, {
    reason: 'returned',
    level: followup.level,
    detail,
    messageId: send.get('message_id'),
  });
  await batch.commit();
}

const updatedAt = ({ updateTime }: DocumentSnapshot) => (updateTime ? { lastUpdateTime: updateTime } : {});
