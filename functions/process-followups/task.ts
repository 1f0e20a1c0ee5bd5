import { Quota, readOrganisations, streamDue } from '../../shared/domains/followups/find.ts';
import { judge, type Verdict } from '../../shared/domains/followups/judge.ts';
import type { Reason } from '../../shared/domains/followups/reasons.ts';
import type { ReplyFacts, Task } from '../../shared/runtime/task.ts';
import { finishRescheduling } from './rescheduling.ts';
import { actOn, type DueFollowup, type Facts, factsOf, isRecorded, rehearse, verdictOf } from './step.ts';

/** Three times the mail's dialogues at a time: while some are in theirs, the others are claimed and settled. */
const CONCURRENCY = 24;

/**
 * Sends the reminders that are due: open, automatic, of an organisation whose automatic follow-ups are on, with
 * `next_due_at` not in the future. Whatever the cadence of runs, at most one level per follow-up and run, the lowest that
 * has not been sent.
 *
 * One commit claims a mail, on condition that the follow-up is as it was read; the settings and the level's record are read
 * just before. No claim, no mail. A mail whose answer was lost is `unknown` and waits for a person; it is never sent again
 * by itself. A killed run loses nothing: what it had not claimed is still due, what it had claimed and not begun is taken
 * over after a minute. What is blocked is moved to when it is no more, or parked with its reason until somebody mends it;
 * its history grows only where the reason changes.
 */
export const processFollowups: Task<Record<never, never>, DueFollowup, Facts, Reason> = {
  name: 'process-followups',
  route: '/api/followups/process-automatic',
  methods: ['GET', 'POST'],
  params: {},
  onOverlap: 'retry',
  budgetSeconds: 240,
  batchSize: 1,
  concurrency: CONCURRENCY,

  async *find(context, params) {
    const { store, meter, now } = context;
    const rehearsal = isRehearsal(params);
    const organisations = await readOrganisations(store, meter);
    const usable = organisations.flatMap((one) => ('fault' in one ? [] : [one]));
    if (!rehearsal) await finishRescheduling(context, usable);
    const quota = new Quota(store, meter, now);
    for (const one of organisations)
      if ('fault' in one) yield { id: `billing_settings/${one.orgId}`, fault: one.fault, rehearsal };
    for await (const { followup, settings } of streamDue(store, usable, now, meter)) {
      const verdict = judge(followup, settings, now.getTime());
      const bound = verdict.do === 'send' ? await quota.take(settings) : null;
      const bounded: Verdict = bound ? { do: 'wait', reason: bound, until: null } : verdict;
      yield { id: followup.id, followup, settings, verdict: bounded, rehearsal };
    }
  },

  gather: (batch, context) => factsOf(batch, context),

  decide(candidate, facts, _params, now) {
    const verdict = verdictOf(candidate, facts, now);
    if (candidate.rehearsal) return rehearse(candidate, facts, verdict);
    // Keeping why it does not go is an act too.
    return { act: verdict.do === 'send' || isRecorded(candidate, verdict), reason: verdict.reason };
  },

  act: (batch, facts, _params, context) =>
    Promise.all(batch.map((candidate) => actOn(candidate, facts, context))),

  reply(facts) {
    const { outcome, dryRun, counts, reasons, now } = facts;
    const unknown = reasons.failed.unknown_delivery ?? 0;
    const sums = {
      due: counts.candidates,
      skipped: counts.skipped,
      failed: counts.failed - unknown,
      unknown,
    };
    return {
      success: outcome !== 'failed',
      message: message(facts),
      timestamp: now.toISOString(),
      followups: {
        ...sums,
        sent: dryRun ? 0 : counts.acted,
        ...(dryRun ? { would_send: counts.acted } : {}),
      },
    };
  },
};

/** The runtime hands every task its common parameters too. */
const isRehearsal = (params: object) => (params as { dry_run?: boolean }).dry_run === true;

function message({ outcome, dryRun, counts }: ReplyFacts<object>): string {
  if (outcome === 'skipped_overlap') return 'Ignoré : un autre traitement des relances est en cours';
  if (outcome === 'deduplicated') return 'Ignoré : ce passage a déjà été traité';
  if (outcome === 'failed') return 'Échec du traitement des relances automatiques';
  if (dryRun) return `${counts.acted} relance(s) partirai(en)t`;
  if (outcome === 'partial')
    return `Traitement des relances automatiques terminé avec ${counts.failed} échec(s)`;
  return 'Traitement des relances automatiques terminé avec succès';
}
