import { createHash } from 'node:crypto';
import { Timestamp, type WriteBatch } from '@google-cloud/firestore';
import { type ClaimContext, type Companions, documentClaims } from '../mail/document-claims.ts';
import type { Post, SendResult } from '../mail/post.ts';
import { isConflict } from '../store/firestore.ts';
import type { Recipient } from './alert-documents.ts';
import {
  type AlertState,
  alertLogs,
  claimedIn,
  type DueAlert,
  type OpenDigest,
  takenBack,
  withAlerts,
} from './alert-state.ts';
import { alertId, type LateTicket } from './delay.ts';
import { delayDigest } from './digest.ts';

/** One ticket of a digest. */
export interface DigestAlert {
  late: LateTicket;
  due: DueAlert;
  forced: boolean;
}

/** One mail: what a run tells one recipient. */
export interface Digest {
  recipient: Recipient & { address: string };
  alerts: readonly DigestAlert[];
  /** The recipient's state as it was read, and what of its alerts is still worth keeping. */
  state: AlertState;
  kept: AlertState['alerts'];
  run: { id: string; occurrence: Date; requestedBy: string };
}

/**
 * Sends a digest at most once: one commit claims all its log rows and writes the recipient's state, on condition that no
 * other run has written either; then the mail goes, and its outcome is kept in every row.
 */
export async function sendDigest(post: Post, context: ClaimContext, digest: Digest): Promise<SendResult> {
  const { recipient, alerts } = digest;
  const documents = alerts.map((alert) => ({
    ref: alertLogs(context.store).doc(alertId({ ...alert.due, recipient: recipient.address }, digest.run.id)),
    standing: null,
    fields: rowOf(alert, digest),
  }));
  // The same alerts are the same mail: tried again, it bears the same Message-ID.
  const ids = documents.map(({ ref }) => ref.id).sort();
  const key = `delay-digest/${createHash('sha256').update(ids.join()).digest('hex')}`;
  const mail = delayDigest(
    key,
    { name: recipient.name, address: recipient.address },
    recipient.locale,
    alerts.map(({ late: { ticket, days }, due }) => ({ ...ticket, days, isNew: due.sequence === 1 })),
  );
  return await post.sendOnce(mail, documentClaims(context, documents, stateOf(digest, context)));
}

function rowOf({ late, due, forced }: DigestAlert, { recipient, run }: Digest): Record<string, unknown> {
  return {
    ticket_id: late.ticket.id,
    ticket_number: late.ticket.number,
    stage: due.stage,
    stage_entered_at: Timestamp.fromMillis(due.since),
    days_in_stage: late.days,
    recipient: recipient.address,
    sent_at: null,
    forced,
    ...(forced ? { requested_by: run.requestedBy } : {}),
    run_id: run.id,
    occurrence: Timestamp.fromDate(run.occurrence),
    sequence: due.sequence,
  };
}

/** The recipient's state is written with the claim, and put back when the claim is given back. */
function stateOf({ recipient, alerts, state, kept, run }: Digest, { meter }: ClaimContext): Companions {
  const due = alerts.map((alert) => alert.due);
  const claimed = withAlerts(kept, due, run.id);
  return {
    take(batch) {
      meter.firestore_writes += 1;
      const fields = { recipient: recipient.address, alerts: claimed };
      if (state.version === null) batch.create(state.ref, fields);
      else batch.update(state.ref, fields, { lastUpdateTime: state.version });
    },
    release(batch, takenAt) {
      meter.firestore_writes += 1;
      batch.update(state.ref, { alerts: kept }, takenAt ? { lastUpdateTime: takenAt } : {});
    },
  };
}

/**
 * Settles the alerts of a run that died in mid-mail as unknown, all or none of them: whoever looks in the mailbox finds
 * their Message-ID. False where another run has done something about them meanwhile.
 */
export async function settleOrphan(
  { store, meter, clock }: ClaimContext,
  digest: OpenDigest,
): Promise<boolean> {
  const fields = {
    state: 'unknown',
    settled_at: Timestamp.fromDate(clock()),
    response: 'the sending process ended before the answer came',
  };
  const batch = store.batch();
  for (const { ref, updateTime } of digest.rows) batch.update(ref, fields, { lastUpdateTime: updateTime });
  try {
    await batch.commit();
    meter.firestore_writes += digest.rows.length;
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}

/**
 * Gives back the claim of a run that died before its mail began: nothing was sent. Returns the recipient's state as it is
 * then; null where another run has done something about it meanwhile.
 */
export async function releaseOrphan(
  context: ClaimContext,
  digest: OpenDigest,
  state: AlertState,
): Promise<AlertState | null> {
  const { store, meter } = context;
  const alerts = takenBack(state.alerts, claimedIn(digest));
  const batch: WriteBatch = store.batch();
  if (state.version === null) batch.create(state.ref, { recipient: digest.address, alerts });
  else batch.update(state.ref, { alerts }, { lastUpdateTime: state.version });
  for (const row of digest.rows) batch.delete(row.ref, { lastUpdateTime: row.updateTime });
  try {
    const [first] = await batch.commit();
    meter.firestore_writes += 1;
    meter.firestore_deletes += digest.rows.length;
    return { ...state, alerts, version: first?.writeTime ?? null };
  } catch (error) {
    if (isConflict(error)) return null;
    throw error;
  }
}
