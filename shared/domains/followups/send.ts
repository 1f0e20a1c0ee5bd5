import { randomUUID } from 'node:crypto';
import { type DocumentSnapshot, FieldValue, Timestamp } from '@google-cloud/firestore';
import { type Companions, standingClaim } from '../../doors/mail/claim-documents.ts';
import { resume, type Settlement } from '../../doors/mail/claims.ts';
import { documentClaims } from '../../doors/mail/document-claims.ts';
import { messageIdOf } from '../../doors/mail/message.ts';
import type { Post } from '../../doors/mail/post.ts';
import { providerIdIn } from '../../doors/mail/provider-id.ts';
import type { SendResult } from '../../doors/mail/send-result.ts';
import type { MailConfig } from '../../doors/mail/settings.ts';
import { type Followup, sendRef, standingOf } from './followup.ts';
import { followupMail } from './mail/mail.ts';
import type { Reason } from './reasons.ts';
import { addHistory, decisionFields, parkedFields, type RecordContext } from './record.ts';
import { recordRefusal, refusedFields } from './refusals/refused.ts';
import { nextDue, scheduleKey } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

export interface SendContext extends RecordContext {
  post: Post;
}

/** A follow-up with everything that deciding and sending need, read together. */
export interface Prepared {
  followup: Followup;
  settings: Settings;
  /** The send record of the next level as it was read; it may not exist. */
  send: DocumentSnapshot;
}

/** Reads the claim in a send record: its state, and the step that it allows next. */
export function claimOf(send: DocumentSnapshot, now: Date) {
  const standing = send.exists ? standingClaim(send) : null;
  return { todo: resume(standing, now), state: standing?.state ?? null };
}

/** The end of one attempt to send. `response` is the server's reply, word for word. */
export interface SendAttempt {
  reason: Reason;
  messageId: string | null;
  response: string | null;
}

/**
 * Sends the next level in three steps. Throws Unmailable before the first.
 * 1. One commit claims the mail, on condition that the follow-up is unchanged since it was read.
 * 2. The mail server takes the mail or refuses it.
 * 3. One commit settles the send record and the follow-up.
 */
export async function sendLevel(context: SendContext, prepared: Prepared): Promise<SendAttempt> {
  const { store, post, decider, now } = context;
  const { followup, settings, send } = prepared;
  const level = followup.level + 1;
  const mail = followupMail({ followup, settings, level }, post.config, now.getTime());
  const messageId = messageIdOf(mail.key, post.config);
  const document = {
    ref: sendRef(followup, level),
    standing: send.exists ? send : null,
    fields: {
      org_id: followup.orgId,
      level,
      run_id: decider.runId,
      by: decider.by,
      to: mail.to.address,
    },
  };
  const claims = documentClaims(
    { store, clock: post.clock },
    [document],
    companionsOf(context, prepared, messageId),
  );
  const result = await post.sendOnce(mail, claims);
  if (result.outcome !== 'retry' || result.fault === null) return toAttempt(result, messageId);
  // The server refuses this mail only.
  const reason = await recordRefusal(context, prepared, result.fault, result.response);
  return { reason, messageId, response: result.response };
}

function toAttempt(result: SendResult, messageId: string): SendAttempt {
  const response = 'response' in result ? result.response : null;
  const stops = { budget: 'budget', mail_system: 'mail_stopped', sender: 'sender_refused' } as const;
  const isLimited = 'fault' in result && result.fault?.kind === 'daily_limit';
  const reasons: Record<SendResult['outcome'], Reason> = {
    sent: 'sent',
    failed: 'address_refused',
    unknown: 'unknown_delivery',
    retry: 'no_answer',
    system: isLimited ? 'daily_limit' : 'mail_system',
    taken: 'changed_meanwhile',
    paused: 'mail_paused',
    stopped: stops['reason' in result ? result.reason : 'mail_system'],
  };
  return { reason: reasons[result.outcome], messageId, response };
}

/** The writes to the follow-up that share the commits of its send record. */
function companionsOf(context: SendContext, { followup, settings }: Prepared, messageId: string): Companions {
  const level = followup.level + 1;
  // A repeated commit writes the same line of history again.
  const id = randomUUID();
  // Firestore keeps a document's version if a write changes nothing; a new value makes a new version.
  const claim = randomUUID();
  return {
    take(batch) {
      const precondition = followup.writtenAt ? { lastUpdateTime: followup.writtenAt } : {};
      batch.update(followup.ref, { message_ids: FieldValue.arrayUnion(messageId), claim }, precondition);
    },
    // The body is withheld if anything changed since the claim: a payment above all.
    sending(batch, takenAt) {
      batch.update(followup.ref, { claim }, takenAt ? { lastUpdateTime: takenAt } : {});
    },
    settle(batch, settlement) {
      const { state, response, settledAt } = settlement;
      const reason = SETTLED[state];
      // No precondition: a person may have changed other fields since the claim, and those stay.
      batch.update(followup.ref, {
        ...settledFields({ followup, settings }, settlement),
        ...(state === 'sent' ? replacedId(response, messageId) : {}),
      });
      const detail = redirectionOf(context.post.config, followup);
      const entry = { id, reason, level, messageId, response, detail } as const;
      addHistory(batch, followup, { now: settledAt, decider: context.decider }, entry);
    },
  };
}

/** Says where a mail really went, if EMAIL_REDIRECT_TO sent it elsewhere; else null. */
function redirectionOf({ redirectTo }: MailConfig, { customer }: Followup): string | null {
  if (!redirectTo || redirectTo === customer.email) return null;
  return `It went to ${redirectTo} instead of the customer (EMAIL_REDIRECT_TO).`;
}

const SETTLED = { sent: 'sent', failed: 'address_refused', unknown: 'unknown_delivery' } as const;

function settledFields(
  { followup, settings }: Pick<Prepared, 'followup' | 'settings'>,
  settlement: Settlement,
): Record<string, unknown> {
  const { state, response, settledAt, fault = null } = settlement;
  if (state === 'sent') return sentFields(followup, settings, followup.level + 1, settlement);
  if (state === 'failed') return refusedFields({ followup, settings }, fault, response, settledAt);
  return parkedFields(followup, SETTLED[state], response, settledAt);
}

/** A provider that replaces the Message-ID names its own one; answers name that one then. */
function replacedId(response: string | null, messageId: string) {
  const id = providerIdIn(response, messageId);
  return id === null ? {} : { message_ids: FieldValue.arrayUnion(id) };
}

/** The fields that count a level as sent and schedule the next one from that instant. */
export function sentFields(
  followup: Followup,
  settings: Settings,
  level: number,
  { settledAt }: Pick<Settlement, 'settledAt'>,
): Record<string, unknown> {
  const lastSentAt = settledAt.getTime();
  const standing = { ...standingOf(followup, settings), level, lastSentAt };
  const next = nextDue(standing, settings.rules).at;
  return {
    level,
    last_sent_at: Timestamp.fromMillis(lastSentAt),
    next_due_at: next === null ? null : Timestamp.fromMillis(next),
    scheduled_by: scheduleKey(standing, settings.rules),
    parked: null,
    refused_since: null,
    refusals: 0,
    message_refusals: 0,
    ...decisionFields('sent', level, settledAt),
  };
}
