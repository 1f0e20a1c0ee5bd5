import type { DocumentSnapshot } from '@google-cloud/firestore';
import { Quota } from '../../../../shared/domains/followups/find.ts';
import {
  type Followup,
  followups,
  sendRef,
  settingsRef,
  toFollowup,
} from '../../../../shared/domains/followups/followup.ts';
import { judge, type Verdict, withClaim } from '../../../../shared/domains/followups/judge.ts';
import { REASONS, type Reason } from '../../../../shared/domains/followups/reasons.ts';
import { claimOf } from '../../../../shared/domains/followups/send.ts';
import { type Settings, SettingsFault, toSettings } from '../../../../shared/domains/followups/settings.ts';
import { explain } from '../../../../shared/domains/followups/show.ts';
import { millis } from '../../../../shared/doors/store/firestore.ts';
import { lastRuns } from '../../../../shared/runtime/ledger.ts';
import type { RunOutcome } from '../../../../shared/runtime/run-view.ts';
import type { AdminContext } from '../route.ts';
import type { FullExplanation, LastRun } from './views.ts';

const TASK = 'process-followups';
/** What may keep a whole run from one that is due. It stands in the run's record, not in each follow-up's history. */
const OF_A_RUN: readonly Reason[] = [
  'mail_system',
  'mail_stopped',
  'no_answer',
  'mail_not_configured',
  'mail_paused',
  'budget',
  'max_per_run',
  'max_per_day',
  'changed_meanwhile',
];

/** A follow-up, and why it goes now or does not, in view of all that a run would ask; null where there is none. */
export async function explainFollowup(
  context: AdminContext,
  id: string,
): Promise<{ snapshot: DocumentSnapshot; explanation: FullExplanation } | null> {
  const { store, now } = context;
  const snapshot = await followups(store).doc(id).get();
  if (!snapshot.exists) return null;
  const followup = toFollowup(snapshot);
  const stored = await settingsRef(store, followup.orgId || '-').get();
  try {
    const settings = toSettings(stored);
    const verdict = await verdictOf(context, followup, settings);
    const explanation = explain(followup, settings, now.getTime(), verdict);
    return {
      snapshot,
      explanation: { ...explanation, last_run: verdict.do === 'send' ? await left(context, followup) : null },
    };
  } catch (error) {
    if (!(error instanceof SettingsFault)) throw error;
    return { snapshot, explanation: unusable(followup, error) };
  }
}

/** What a run would decide: the rules, the level's record, the mail of this installation, the day's bound. */
async function verdictOf(context: AdminContext, followup: Followup, settings: Settings): Promise<Verdict> {
  const { store, now, config } = context;
  const wait = (reason: Reason): Verdict => ({ do: 'wait', reason, until: null });
  const rules = judge(followup, settings, now.getTime());
  if (rules.do !== 'send') return rules;
  const send = await sendRef(followup, rules.level).get();
  const verdict = withClaim(rules, claimOf(send, now));
  if (verdict.do !== 'send') return verdict;
  if (!config.mail) return wait('mail_not_configured');
  if (config.mail.paused) return wait('mail_paused');
  const bound = await new Quota(store, now).take(settings);
  return bound ? wait(bound) : verdict;
}

/** Why the last run has left one that was due when it began. */
async function left({ store }: AdminContext, { nextDueAt }: Followup): Promise<LastRun | null> {
  const { docs } = await lastRuns(store, TASK, 1).get();
  const [run] = docs;
  if (!run || (millis(run.get('started_at')) ?? 0) < (nextDueAt ?? 0)) return null;
  const counts = { ...run.get('skipped'), ...run.get('failed') } as Record<string, number>;
  const reasons = OF_A_RUN.flatMap((reason) =>
    counts[reason] ? [{ reason, count: counts[reason], message: REASONS[reason] }] : [],
  );
  return { run_id: run.id, outcome: (run.get('outcome') as RunOutcome | undefined) ?? null, reasons };
}

function unusable(followup: Followup, fault: SettingsFault): FullExplanation {
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
