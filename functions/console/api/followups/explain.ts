import type { DocumentSnapshot } from '@google-cloud/firestore';
import { readCustomers } from '../../../../shared/domains/followups/customers/customer.ts';
import { Quota } from '../../../../shared/domains/followups/find.ts';
import {
  type Followup,
  followups,
  sendRef,
  settingsRef,
  toFollowup,
} from '../../../../shared/domains/followups/followup.ts';
import { applyClaim, judgeAutomatic, type Verdict } from '../../../../shared/domains/followups/judge.ts';
import { REASONS, type Reason } from '../../../../shared/domains/followups/reasons.ts';
import { claimOf } from '../../../../shared/domains/followups/send.ts';
import { type Settings, SettingsFault, toSettings } from '../../../../shared/domains/followups/settings.ts';
import { explain } from '../../../../shared/domains/followups/show.ts';
import { millis } from '../../../../shared/doors/store/firestore.ts';
import { lastRuns } from '../../../../shared/runtime/ledger.ts';
import type { RunOutcome } from '../../../../shared/runtime/run-view.ts';
import { senderFor } from '../../../organisation-mail.ts';
import type { AdminContext } from '../route.ts';
import type { FullExplanation, LastRun } from './views.ts';

const TASK = 'process-followups';
/** Reasons why a run leaves a due follow-up. The run's record counts them; no follow-up's history has them. */
const RUN_REASONS: readonly Reason[] = [
  'mail_system',
  'mail_stopped',
  'sender_refused',
  'daily_limit',
  'account_waits',
  'account_missing',
  'no_answer',
  'mail_not_configured',
  'mail_paused',
  'budget',
  'max_per_run',
  'max_per_day',
  'changed_meanwhile',
];

/** Explains if the next run would send a follow-up, and why. Returns null if there is no such follow-up. */
export async function explainFollowup(
  context: AdminContext,
  id: string,
): Promise<{ snapshot: DocumentSnapshot; explanation: FullExplanation } | null> {
  const { store, now } = context;
  const snapshot = await followups(store).doc(id).get();
  if (!snapshot.exists) return null;
  const [followup = toFollowup(snapshot)] = await readCustomers(store, [toFollowup(snapshot)]);
  const stored = await settingsRef(store, followup.orgId || '-').get();
  try {
    const settings = toSettings(stored);
    const verdict = await verdictOf(context, followup, settings);
    const explanation = explain(followup, settings, now.getTime(), verdict);
    return {
      snapshot,
      explanation: {
        ...explanation,
        last_run: verdict.do === 'send' ? await readLastRun(context, followup) : null,
      },
    };
  } catch (error) {
    if (!(error instanceof SettingsFault)) throw error;
    return { snapshot, explanation: explainFault(followup, error) };
  }
}

/** Returns the verdict of a run: by the rules, the send record, the mail server's state and the quotas. */
async function verdictOf(context: AdminContext, followup: Followup, settings: Settings): Promise<Verdict> {
  const { store, now, config } = context;
  const wait = (reason: Reason): Verdict => ({ do: 'wait', reason, until: null });
  const rules = judgeAutomatic(followup, settings, now.getTime());
  if (rules.do !== 'send') return rules;
  const send = await sendRef(followup, rules.level).get();
  const verdict = applyClaim(rules, claimOf(send, now));
  if (verdict.do !== 'send') return verdict;
  if (!config.mail) return wait('mail_not_configured');
  if (config.mail.paused) return wait('mail_paused');
  const waiting = (await senderFor(context, settings))?.waiting;
  if (waiting) return wait(waiting);
  const limit = await new Quota(store, now).take(settings);
  return limit ? wait(limit) : verdict;
}

/** Reads why the last run left a follow-up that was due when the run began. */
async function readLastRun({ store }: AdminContext, { nextDueAt }: Followup): Promise<LastRun | null> {
  const { docs } = await lastRuns(store, TASK, 1).get();
  const [run] = docs;
  if (!run || (millis(run.get('started_at')) ?? 0) < (nextDueAt ?? 0)) return null;
  const counts = { ...run.get('skipped'), ...run.get('failed') } as Record<string, number>;
  const reasons = RUN_REASONS.flatMap((reason) =>
    counts[reason] ? [{ reason, count: counts[reason], message: REASONS[reason] }] : [],
  );
  return { run_id: run.id, outcome: (run.get('outcome') as RunOutcome | undefined) ?? null, reasons };
}

function explainFault(followup: Followup, fault: SettingsFault): FullExplanation {
  return {
    decision: 'wait',
    reason: 'bad_settings',
    message: REASONS.bad_settings,
    detail: fault.message,
    level: followup.level + 1,
    next_due_at: followup.nextDueAt === null ? null : new Date(followup.nextDueAt).toISOString(),
    levels: 0,
    last_run: null,
  };
}
