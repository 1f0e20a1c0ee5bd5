import { randomUUID } from 'node:crypto';
import { type DocumentSnapshot, FieldValue, Timestamp, type WriteBatch } from '@google-cloud/firestore';
import { resume, type Settlement } from '../../doors/mail/claims.ts';
import { type Companions, documentClaims, standingClaim } from '../../doors/mail/document-claims.ts';
import { messageIdOf } from '../../doors/mail/message.ts';
import type { Post, SendResult } from '../../doors/mail/post.ts';
import { isConflict } from '../../doors/store/firestore.ts';
import { type Followup, sendRef, standingOf } from './followup.ts';
import type { Verdict } from './judge.ts';
import { followupMail } from './mail/mail.ts';
import type { Reason } from './reasons.ts';
import { addHistory, decision, parkedFields, type RecordContext } from './record.ts';
import { nextOpen } from './schedule/opening-hours.ts';
import { nextDue, rulesKey } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** After a passing refusal it is tried again an hour later, then two, four and so on, at most a day. */
const FIRST_RETRY_MS = HOUR_MS;
/** RFC 5321 4.5.4.1: a sender gives up after four to five days. */
const GIVE_UP_MS = 5 * DAY_MS;

export interface SendContext extends RecordContext {
  post: Post;
}

/** A follow-up with all that deciding and sending needs, read together. */
export interface Prepared {
  followup: Followup;
  settings: Settings;
  /** The record of the next level's mail as it was read; it may not exist. */
  send: DocumentSnapshot;
}

/** What is to be done in view of the level's record. */
export function claimOf(send: DocumentSnapshot, now: Date) {
  const standing = send.exists ? standingClaim(send) : null;
  return { todo: resume(standing, now), state: standing?.state ?? null };
}

/** How an attempt ended: sent, or one of the reasons; `response` is the server's own words. */
export interface Attempt {
  reason: Reason;
  messageId: string | null;
  response: string | null;
}

/**
 * Sends the next level: one commit claims it, on condition that the follow-up is still as it was read; the mail goes; one
 * commit settles both. Preview, run and manual sending differ only in who decided. Throws Unmailable before any claim.
 */
export async function sendLevel(context: SendContext, prepared: Prepared): Promise<Attempt> {
  const { store, post } = context;
  const { followup, settings, send } = prepared;
  const level = followup.level + 1;
  const mail = followupMail(followup, settings, level, post.config, context.now.getTime());
  const messageId = messageIdOf(mail.key, post.config);
  const document = {
    ref: sendRef(followup, level),
    standing: send.exists ? send : null,
    fields: {
      org_id: followup.orgId,
      level,
      run_id: context.decider.runId,
      by: context.decider.by,
      to: mail.to.address,
    },
  };
  const claims = documentClaims(
    { store, clock: post.clock },
    [document],
    companions(context, followup, settings, messageId),
  );
  const result = await post.sendOnce(mail, claims);
  if (result.outcome !== 'retry' || result.code === null) return attemptOf(result, messageId);
  // The server was reached and does not take this recipient now: the others go on, this one comes again later.
  const reason = await postpone(context, followup, settings, result.response);
  return { reason, messageId, response: result.response };
}

function attemptOf(result: SendResult, messageId: string): Attempt {
  const response = 'response' in result ? result.response : null;
  const reasons: Record<SendResult['outcome'], Reason> = {
    sent: 'sent',
    failed: 'address_refused',
    unknown: 'unknown_delivery',
    retry: 'no_answer',
    system: 'mail_system',
    taken: 'changed_meanwhile',
    paused: 'mail_paused',
    stopped: 'reason' in result && result.reason === 'budget' ? 'budget' : 'mail_stopped',
  };
  return { reason: reasons[result.outcome], messageId, response };
}

/** What is written of the follow-up together with its mail's record. */
function companions(
  context: SendContext,
  followup: Followup,
  settings: Settings,
  messageId: string,
): Companions {
  const level = followup.level + 1;
  const entryId = randomUUID();
  return {
    take(batch) {
      const precondition = followup.writtenAt ? { lastUpdateTime: followup.writtenAt } : {};
      batch.update(followup.ref, { message_ids: FieldValue.arrayUnion(messageId) }, precondition);
    },
    settle(batch, settlement) {
      const { state, response, settledAt } = settlement;
      const reason = state === 'sent' ? 'sent' : state === 'failed' ? 'address_refused' : 'unknown_delivery';
      // What a person has changed meanwhile stands: only the fields of the sending itself are written, unconditionally.
      batch.update(
        followup.ref,
        state === 'sent'
          ? sentFields(followup, settings, level, settlement)
          : parkedFields(followup, reason, response, settledAt),
      );
      const entry = { reason, level, messageId, response } as const;
      addHistory(batch, followup, { now: settledAt, decider: context.decider }, entry, entryId);
    },
  };
}

/** One level further: the next one counts from when this one really went. */
export function sentFields(
  followup: Followup,
  settings: Settings,
  level: number,
  { settledAt }: Pick<Settlement, 'settledAt'>,
): Record<string, unknown> {
  const lastSentAt = settledAt.getTime();
  const next = nextDue({ ...standingOf(followup), level, lastSentAt }, settings.rules).at;
  return {
    level,
    last_sent_at: Timestamp.fromMillis(lastSentAt),
    next_due_at: next === null ? null : Timestamp.fromMillis(next),
    scheduled_by: rulesKey(settings.rules, followup.type),
    parked: null,
    refused_since: null,
    refusals: 0,
    ...decision('sent', level, settledAt),
  };
}

/** Tries again later and later; after some days the address counts as refused. */
async function postpone(
  context: SendContext,
  followup: Followup,
  settings: Settings,
  response: string | null,
): Promise<Reason> {
  const { store, now } = context;
  const since = followup.refusedSince ?? now.getTime();
  const givenUp = now.getTime() - since >= GIVE_UP_MS;
  const reason = givenUp ? 'address_refused' : 'refused_for_now';
  const wait = Math.min(FIRST_RETRY_MS * 2 ** Math.min(followup.refusals, 10), DAY_MS);
  const again = nextOpen(now.getTime() + wait, settings.rules.hours);
  const batch = store.batch();
  batch.update(
    followup.ref,
    givenUp
      ? parkedFields(followup, reason, response, now)
      : {
          next_due_at: Timestamp.fromMillis(again),
          refused_since: Timestamp.fromMillis(since),
          refusals: followup.refusals + 1,
          ...decision(reason, followup.level + 1, now),
        },
  );
  if (followup.lastReason !== reason)
    addHistory(batch, followup, context, { reason, level: followup.level + 1, response });
  await batch.commit();
  return reason;
}

/**
 * Brings a follow-up in line with its level's record where a process died between: an orphan whose body may have begun is
 * `unknown` and waits for a person, a level that has gone is counted. False when something changed meanwhile.
 */
export async function repair(context: RecordContext, prepared: Prepared, verdict: Verdict): Promise<boolean> {
  const { followup, settings, send } = prepared;
  const level = followup.level + 1;
  const batch = context.store.batch();
  const precondition = followup.writtenAt ? { lastUpdateTime: followup.writtenAt } : {};
  if (verdict.reason === 'already_sent') {
    const sentAt = send.get('sent_at') ?? send.get('settled_at') ?? send.get('claimed_at');
    const settledAt = sentAt instanceof Timestamp ? sentAt.toDate() : context.now;
    batch.update(followup.ref, sentFields(followup, settings, level, { settledAt }), precondition);
  } else {
    if (send.get('state') === 'sending') orphan(batch, send, context.now);
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

function orphan(batch: WriteBatch, send: DocumentSnapshot, now: Date): void {
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
