import type { Followup } from '../../shared/domains/followups/followup.ts';
import type { Verdict } from '../../shared/domains/followups/judge.ts';
import { notifyOfSender } from '../../shared/domains/followups/mail/daily-notice.ts';
import { senderOf } from '../../shared/domains/followups/mail/mail.ts';
import type { Reason } from '../../shared/domains/followups/reasons.ts';
import { isNews, type RecordContext, recordVerdict } from '../../shared/domains/followups/record.ts';
import type { Refusals } from '../../shared/domains/followups/refusals/refusals.ts';
import { repairFollowup } from '../../shared/domains/followups/repair.ts';
import { type Prepared, type SendAttempt, sendLevel } from '../../shared/domains/followups/send.ts';
import { DEFAULT_ACCOUNT } from '../../shared/doors/mail/accounts.ts';
import type { ActResult, Decision, Note, RunContext } from '../../shared/runtime/task.ts';
import type { OrganisationPost } from '../organisation-mail.ts';
import type { DueFollowup, FollowupFacts } from './facts.ts';

/** The verdict that `act` carries out, and the documents it was read from. */
export interface FollowupPlan {
  verdict: Verdict;
  prepared: Prepared | undefined;
  sender: OrganisationPost | undefined;
}

/** Decides for a dry run: returns the result that a real run at this instant would have. */
export function decideDryRun(
  candidate: DueFollowup,
  facts: FollowupFacts,
  verdict: Verdict,
): Decision<Reason, FollowupPlan> {
  const { reason } = verdict;
  const note = noteOf(candidate);
  if (verdict.do === 'send') {
    if (facts.mail === 'paused') return { act: false, reason: 'mail_paused', note };
    if (facts.mail === 'ready') return { act: true, reason, note, plan: planOf(candidate, facts, verdict) };
    return { act: false, reason: 'mail_not_configured', failed: { retry: true }, note };
  }
  const wanting =
    'fault' in candidate ||
    reason === 'account_missing' ||
    verdict.do === 'park' ||
    reason === 'unknown_delivery';
  const failed = wanting && isRecorded(candidate, verdict);
  if (failed) return { act: false, reason, failed: { retry: false }, note };
  return { act: false, reason, note, ...unfinishedIf(reason === 'in_progress') };
}

/** Returns what `act` carries out. */
export const planOf = (
  { id }: DueFollowup,
  { prepared, posts }: FollowupFacts,
  verdict: Verdict,
): FollowupPlan => ({
  verdict,
  prepared: prepared.get(id),
  sender: posts.get(id),
});

/** Says whom a mail would go to, and about what. */
function noteOf(candidate: DueFollowup): Note {
  if ('fault' in candidate) return { error: candidate.fault };
  const { followup } = candidate;
  const { label, customer, amountDue, currency } = followup;
  return {
    label,
    customer: customer.name,
    recipient: customer.email,
    level: followup.level + 1,
    amount: typeof amountDue === 'number' ? amountDue : null,
    currency: typeof currency === 'string' ? currency : null,
  };
}

/** Marks a candidate that another run may have in hand: if that run dies, Scheduler's retry has to come. */
export const unfinishedIf = (isInOtherHands: boolean): { isUnfinished?: true } =>
  isInOtherHands ? { isUnfinished: true } : {};

/** Returns true if a real run has to write about a candidate or report it as failed. */
export function isRecorded(candidate: DueFollowup, verdict: Verdict): boolean {
  if ('fault' in candidate || verdict.reason === 'already_sent' || verdict.reason === 'account_missing')
    return true;
  return isNews(candidate.followup, verdict);
}

/** Carries out a decision: sends the next level, or stores why it was not sent. */
export async function actOn(
  { candidate, plan }: { candidate: DueFollowup; plan: FollowupPlan },
  refusals: Refusals,
  context: RunContext,
): Promise<ActResult<Reason>> {
  if ('fault' in candidate) return { outcome: 'failed', reason: 'bad_settings', retry: false };
  const { store, now } = context;
  const decider = { runId: context.runId, by: null };
  const record: RecordContext = { store, now, decider };
  const { verdict, prepared, sender } = plan;
  if (verdict.do !== 'send' || !prepared) return await storeReason(record, candidate, verdict, prepared);
  if (!sender) return { outcome: 'failed', reason: 'mail_not_configured', retry: true };
  const { post } = sender;
  const attempt = await sendLevel({ ...record, post }, prepared);
  if (REFUSED.includes(attempt.reason)) refusals.add(prepared.followup, attempt.reason);
  if (post.fault?.fault?.kind === 'everybody_refused') await refusals.takeBack(record);
  if (attempt.reason === 'sender_refused' && attempt.response !== null) {
    const { from } = senderOf(prepared.settings, post.config);
    await notifyOfSender({ ...record, post }, prepared.settings, from.address, attempt.response);
  }
  return resultOf(attempt, candidate.id, sender);
}

/** Stores why a follow-up was not sent. A cause that a person must fix counts as failed, any other as skipped. */
async function storeReason(
  record: RecordContext,
  { followup, settings }: Extract<DueFollowup, { followup: Followup }>,
  verdict: Verdict,
  prepared: Prepared | undefined,
): Promise<ActResult<Reason>> {
  const repairing = prepared && (verdict.reason === 'already_sent' || verdict.reason === 'unknown_delivery');
  const isStored = repairing
    ? await repairFollowup(record, prepared, verdict)
    : await recordVerdict(record, followup, settings, verdict);
  if (!isStored) return { outcome: 'skipped', reason: 'changed_meanwhile' };
  if (verdict.reason === 'unknown_delivery')
    return uncertainResult(followup.id, String(prepared?.send.get('message_id') ?? ''));
  if (verdict.do === 'park') return { outcome: 'failed', reason: verdict.reason, retry: false };
  return { outcome: 'skipped', reason: verdict.reason };
}

const uncertainResult = (id: string, messageId: string) => ({
  outcome: 'failed' as const,
  reason: 'unknown_delivery' as const,
  retry: false,
  note: { unknown: id, message_id: messageId },
});

/** Refusals that count against one follow-up. */
const REFUSED: readonly Reason[] = [
  'address_refused',
  'refused_for_now',
  'refused_for_days',
  'message_refused',
];
/** Reasons that leave a follow-up due for the next run. */
const STILL_DUE: readonly Reason[] = ['changed_meanwhile', 'mail_paused', 'mail_stopped'];

function resultOf(
  { reason, messageId }: SendAttempt,
  id: string,
  { id: account, post }: OrganisationPost,
): ActResult<Reason> {
  if (reason === 'sent') return { outcome: 'acted' };
  const isStopped = post.fault !== null;
  if (reason === 'unknown_delivery')
    return { ...uncertainResult(id, messageId ?? ''), retry: isStopped && account === DEFAULT_ACCOUNT };
  // Cloud Scheduler's retry goes on with an incomplete run.
  if (reason === 'budget') return { outcome: 'failed', reason, retry: false, isUnfinished: true };
  if (STILL_DUE.includes(reason))
    return { outcome: 'skipped', reason, ...unfinishedIf(reason === 'changed_meanwhile') };
  // A server that takes other mails does not fail the run for one; that one stays due.
  const isSystem =
    reason === 'no_answer' ||
    ((reason === 'mail_system' || reason === 'daily_limit') && (isStopped || !post.hasAccepted));
  const fault = isSystem ? post.fault?.fault : null;
  // The next attempt of an organisation's own account is stored with it.
  const retry = isSystem && account === DEFAULT_ACCOUNT;
  return {
    outcome: 'failed',
    reason,
    retry,
    ...(fault ? { note: { mail_fault: fault.kind, response: post.fault?.response ?? null } } : {}),
  };
}
