import type { DocumentSnapshot } from '@google-cloud/firestore';
import { type Followup, sendRef, settingsRef } from '../../shared/domains/followups/followup.ts';
import { judge, type Verdict, withClaim } from '../../shared/domains/followups/judge.ts';
import { tellOwner } from '../../shared/domains/followups/mail/notices.ts';
import type { Reason } from '../../shared/domains/followups/reasons.ts';
import { isNews, type RecordContext, recordVerdict } from '../../shared/domains/followups/record.ts';
import {
  type Attempt,
  claimOf,
  type Prepared,
  repair,
  sendLevel,
} from '../../shared/domains/followups/send.ts';
import { type Settings, toSettings } from '../../shared/domains/followups/settings.ts';
import type { ActResult, Decision, RunContext } from '../../shared/runtime/task.ts';

/** One candidate: a follow-up that is due, or an organisation whose settings cannot be used. */
export type DueFollowup = { id: string } & (
  | { fault: string }
  | { followup: Followup; settings: Settings; verdict: Verdict }
);

/** What was read just before deciding, by follow-up; `stopped` once this run's mail is. */
export interface Facts {
  stopped: boolean;
  mail: 'ready' | 'paused' | 'not_configured';
  prepared: ReadonlyMap<string, Prepared>;
}

/** The verdict that acting carries out, and what it was read from. */
export interface Plan {
  verdict: Verdict;
  prepared: Prepared | undefined;
}

/** Reads again what may stop a mail, just before it is claimed: the settings, and the record of its level. */
export async function factsOf(batch: readonly DueFollowup[], { store, post }: RunContext): Promise<Facts> {
  const prepared = new Map<string, Prepared>();
  const sendable = batch.flatMap((one) =>
    'followup' in one && one.verdict.do === 'send' ? [one.followup] : [],
  );
  const mail = post === undefined ? 'not_configured' : post.paused ? 'paused' : 'ready';
  if (post?.fault) return { stopped: true, mail, prepared };
  if (sendable.length === 0) return { stopped: false, mail, prepared };
  const refs = sendable.flatMap((one) => [settingsRef(store, one.orgId), sendRef(one, one.level + 1)]);
  const found = await store.getAll(...refs);
  for (const [index, followup] of sendable.entries()) {
    const [settings, send] = found.slice(index * 2) as [DocumentSnapshot, DocumentSnapshot];
    prepared.set(followup.id, { followup, settings: toSettings(settings), send });
  }
  return { stopped: false, mail, prepared };
}

/** The verdict of what is known by now. */
export function verdictOf(candidate: DueFollowup, { stopped, prepared }: Facts, now: Date): Verdict {
  if ('fault' in candidate) return { do: 'wait', reason: 'bad_settings', until: null };
  if (candidate.verdict.do !== 'send') return candidate.verdict;
  if (stopped) return { do: 'wait', reason: 'mail_stopped', until: null };
  const facts = prepared.get(candidate.id);
  if (!facts) return candidate.verdict;
  return withClaim(judge(facts.followup, facts.settings, now.getTime()), claimOf(facts.send, now));
}

/** What a rehearsal tells, which is what a run at the same instant would come to; it keeps nothing. */
export function rehearse(candidate: DueFollowup, facts: Facts, verdict: Verdict): Decision<Reason, Plan> {
  const { reason } = verdict;
  if (verdict.do === 'send') {
    if (facts.mail === 'paused') return { act: false, reason: 'mail_paused' };
    if (facts.mail === 'ready')
      return { act: true, reason, plan: { verdict, prepared: facts.prepared.get(candidate.id) } };
    return { act: false, reason: 'mail_not_configured', failed: { retry: true } };
  }
  const wanting = 'fault' in candidate || verdict.do === 'park' || reason === 'unknown_delivery';
  const failed = wanting && isRecorded(candidate, verdict);
  return failed ? { act: false, reason, failed: { retry: false } } : { act: false, reason };
}

/** Whether something has to be written about it, or it has to be told as failed. */
export function isRecorded(candidate: DueFollowup, verdict: Verdict): boolean {
  if ('fault' in candidate || verdict.reason === 'already_sent') return true;
  return isNews(candidate.followup, verdict);
}

export async function actOn(
  { candidate, plan }: { candidate: DueFollowup; plan: Plan },
  context: RunContext,
): Promise<ActResult<Reason>> {
  if ('fault' in candidate) return { outcome: 'failed', reason: 'bad_settings', retry: false };
  const { store, now, post } = context;
  const decider = { runId: context.runId, by: null };
  const record: RecordContext = { store, now, decider };
  const { verdict, prepared } = plan;
  if (verdict.do !== 'send' || !prepared) return await keep(record, candidate, verdict, prepared);
  if (!post) return { outcome: 'failed', reason: 'mail_not_configured', retry: true };
  const attempt = await sendLevel({ ...record, post }, prepared);
  if (attempt.reason === 'address_refused') await tellOwner({ ...record, post }, prepared, attempt.response);
  return resultOf(attempt, candidate.id);
}

/** Keeps why it did not go. What a person has to mend counts as failed, everything else as skipped. */
async function keep(
  record: RecordContext,
  { followup, settings }: Extract<DueFollowup, { followup: Followup }>,
  verdict: Verdict,
  prepared: Prepared | undefined,
): Promise<ActResult<Reason>> {
  const repairing = prepared && (verdict.reason === 'already_sent' || verdict.reason === 'unknown_delivery');
  const kept = repairing
    ? await repair(record, prepared, verdict)
    : await recordVerdict(record, followup, settings, verdict);
  if (!kept) return { outcome: 'skipped', reason: 'changed_meanwhile' };
  if (verdict.reason === 'unknown_delivery')
    return unknown(followup.id, String(prepared?.send.get('message_id') ?? ''));
  if (verdict.do === 'park') return { outcome: 'failed', reason: verdict.reason, retry: false };
  return { outcome: 'skipped', reason: verdict.reason };
}

const unknown = (id: string, messageId: string): ActResult<Reason> => ({
  outcome: 'failed',
  reason: 'unknown_delivery',
  retry: false,
  note: { unknown: id, message_id: messageId },
});

/** Reasons of a whole run's trouble: Scheduler's retry within minutes may heal it. */
const SYSTEM: readonly Reason[] = ['mail_system', 'no_answer'];
/** Reasons after which it is simply still due. */
const STILL_DUE: readonly Reason[] = ['changed_meanwhile', 'mail_paused', 'mail_stopped'];

function resultOf({ reason, messageId }: Attempt, id: string): ActResult<Reason> {
  if (reason === 'sent') return { outcome: 'acted' };
  if (reason === 'unknown_delivery') return unknown(id, messageId ?? '');
  // The run is not complete then, so that Scheduler's retry goes on with it.
  if (reason === 'budget') return { outcome: 'failed', reason, retry: false, outOfTime: true };
  if (STILL_DUE.includes(reason)) return { outcome: 'skipped', reason };
  return { outcome: 'failed', reason, retry: SYSTEM.includes(reason) };
}
