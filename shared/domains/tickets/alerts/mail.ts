import { createHash } from 'node:crypto';
import {
  type DocumentData,
  FieldValue,
  type Firestore,
  Timestamp,
  type WriteBatch,
} from '@google-cloud/firestore';
import type { ClaimContext, Companions } from '../../../doors/mail/claim-documents.ts';
import { documentClaims } from '../../../doors/mail/document-claims.ts';
import type { Post } from '../../../doors/mail/post.ts';
import type { SendResult } from '../../../doors/mail/send-result.ts';
import { isConflict } from '../../../doors/store/firestore.ts';
import type { LateTicket } from '../delay.ts';
import { delayDigest, ticketUrlOf } from '../digest.ts';
import { alertId } from './alert.ts';
import type { AlertRecipient } from './documents.ts';
import { type AlertRow, type DigestRows, HELD, type HeldDigest, heldRows, rowFields } from './rows.ts';
import {
  type AlertState,
  addAlerts,
  alertLogs,
  type DueAlert,
  listClaimed,
  type OpenDigest,
  undoAlerts,
} from './state.ts';

/** One ticket of a digest. */
export interface DigestAlert {
  late: LateTicket;
  due: DueAlert;
  forced: boolean;
}

/** One mail of a run to one recipient. */
export interface Digest {
  recipient: AlertRecipient & { address: string };
  alerts: readonly DigestAlert[];
  /** The recipient's state as it was read, and the part of its alerts to keep. */
  state: AlertState;
  kept: AlertState['alerts'];
  /** The address of a ticket, with `{id}` or `{number}` in it. */
  ticketUrl: string | null;
  run: { id: string; occurrence: Date; requestedBy: string };
}

/**
 * Sends a digest at most once.
 * - One commit claims it: it creates the log row of the first alert and writes the recipient's state, if no other run did.
 * - Then the mail goes, and its outcome is stored in a row for every alert.
 * The other rows are written only then, because writing a row once costs half of writing it twice.
 */
export async function sendDigest(post: Post, context: ClaimContext, digest: Digest): Promise<SendResult> {
  const { recipient, alerts, run } = digest;
  const facts = {
    recipient: recipient.address,
    runId: run.id,
    occurrence: run.occurrence,
    requestedBy: run.requestedBy,
  };
  const [first, ...rest] = alerts.map((alert) => rowOf(alert, digest));
  if (!first) throw new Error('A digest needs at least one late ticket; send none without.');
  // A retry with the same alerts is the same mail, with the same Message-ID.
  const ids = [first, ...rest].map(({ id }) => id).sort();
  const key = `delay-digest/${createHash('sha256').update(ids.join()).digest('hex')}`;
  const mail = delayDigest(
    key,
    { name: recipient.name, address: recipient.address },
    recipient.locale,
    alerts.map(({ late: { ticket, days }, due }) => ({
      ...ticket,
      days,
      isNew: due.sequence === 1,
      url: digest.ticketUrl && ticketUrlOf(ticket, digest.ticketUrl),
    })),
  );
  const held: HeldDigest = { rows: rest, requested_by: run.requestedBy };
  const claim = {
    ref: alertLogs(context.store).doc(first.id),
    standing: null,
    fields: { ...rowFields(first, facts), [HELD]: JSON.stringify(held) },
    settled: { [HELD]: FieldValue.delete() },
  };
  const companions = {
    ...stateOf(digest, context),
    settle: (batch: WriteBatch, _settlement: unknown, fields: DocumentData) => {
      writeRows(batch, context.store, { rows: rest, digest: facts }, fields);
    },
  };
  return await post.sendOnce(mail, documentClaims(context, [claim], companions));
}

function rowOf({ late, due, forced }: DigestAlert, { recipient, run }: Digest): AlertRow {
  return {
    id: alertId({ ...due, recipient: recipient.address }, run.id),
    ticketId: late.ticket.id,
    ticketNumber: late.ticket.number,
    stage: due.stage,
    since: due.since,
    days: late.days,
    forced,
    sequence: due.sequence,
  };
}

/** Writes the rows. Overwrites the `unknown` of another run that took this one for dead. */
function writeRows(
  batch: WriteBatch,
  store: Firestore,
  { rows, digest }: DigestRows,
  claim: DocumentData,
): void {
  for (const row of rows) batch.set(alertLogs(store).doc(row.id), { ...rowFields(row, digest), ...claim });
}

/** Writes the recipient's state with the claim, and restores it if the claim is released. */
function stateOf({ recipient, alerts, state, kept, run }: Digest, _: ClaimContext): Companions {
  const due = alerts.map((alert) => alert.due);
  const claimed = addAlerts(kept, due, run.id);
  return {
    take(batch) {
      const fields = { recipient: recipient.address, alerts: claimed };
      if (state.version === null) batch.create(state.ref, fields);
      else batch.update(state.ref, fields, { lastUpdateTime: state.version });
    },
    release(batch, takenAt) {
      batch.update(state.ref, { alerts: kept }, takenAt ? { lastUpdateTime: takenAt } : {});
    },
  };
}

/**
 * Settles all alerts of a run that died in mid-mail as `unknown`, with their Message-ID. Returns false if another run was
 * first.
 */
export async function settleOrphan({ store, clock }: ClaimContext, { claim }: OpenDigest): Promise<boolean> {
  const fields = {
    state: 'unknown',
    settled_at: Timestamp.fromDate(clock()),
    response: 'the sending process ended before the answer came',
  };
  const batch = store.batch();
  batch.update(claim.ref, { ...fields, [HELD]: FieldValue.delete() }, { lastUpdateTime: claim.updateTime });
  const { claim: owner, claimed_at, message_id } = claim.data();
  writeRows(batch, store, heldRows(claim), { claim: owner, claimed_at, message_id, ...fields });
  try {
    await batch.commit();
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}

/**
 * Releases the claim of a run that died before its mail began. Returns the recipient's new state, or null if another run
 * was first.
 */
export async function releaseOrphan(
  context: ClaimContext,
  digest: OpenDigest,
  state: AlertState,
): Promise<AlertState | null> {
  const { store } = context;
  const alerts = undoAlerts(state.alerts, listClaimed(digest));
  const batch: WriteBatch = store.batch();
  if (state.version === null) batch.create(state.ref, { recipient: digest.address, alerts });
  else batch.update(state.ref, { alerts }, { lastUpdateTime: state.version });
  batch.delete(digest.claim.ref, { lastUpdateTime: digest.claim.updateTime });
  try {
    const [first] = await batch.commit();
    return { ...state, alerts, version: first?.writeTime ?? null };
  } catch (error) {
    if (isConflict(error)) return null;
    throw error;
  }
}
