import {
  type Customers,
  readHolding,
  withCustomer,
} from '../../shared/domains/followups/customers/customer.ts';
import { Quota, readOrganisations, streamDue } from '../../shared/domains/followups/find.ts';
import { judgeAutomatic, type Verdict } from '../../shared/domains/followups/judge.ts';
import { notifyOwners } from '../../shared/domains/followups/mail/daily-notice.ts';
import type { Reason } from '../../shared/domains/followups/reasons.ts';
import { Refusals } from '../../shared/domains/followups/refusals/refusals.ts';
import type { Settings } from '../../shared/domains/followups/settings.ts';
import type { FaultKind } from '../../shared/doors/mail/faults/kinds.ts';
import { REMEDIES } from '../../shared/doors/mail/faults/remedies.ts';
import type { ReplyFacts, RunContext, Task } from '../../shared/runtime/task.ts';
import { OrganisationMail } from '../organisation-mail.ts';
import { type DueFollowup, type FollowupFacts, judgeAgain, readFacts } from './facts.ts';
import { type PreparedRun, prepareFollowups } from './prepare.ts';
import { actOn, decideDryRun, type FollowupPlan, isRecorded, planOf, unfinishedIf } from './step.ts';

/** Three times the number of mail dialogues: while some mails are in one, others are claimed and settled. */
const CONCURRENCY = 24;

/** The settings and quotas that one run reads once. */
interface FollowupRun {
  organisations: Awaited<ReturnType<typeof readOrganisations>>;
  usable: readonly Settings[];
  quota: Quota;
  refusals: Refusals;
  prepared: PreparedRun;
  /** The customers whose documents delay or end reminders. */
  customers: Customers;
  /** The mail accounts; null if no mail server is configured. */
  mail: OrganisationMail | null;
  isDryRun: boolean;
}

interface Types {
  params: Record<never, never>;
  candidate: DueFollowup;
  run: FollowupRun;
  facts: FollowupFacts;
  reason: Reason;
  plan: FollowupPlan;
}

async function openFollowupRun(context: RunContext): Promise<FollowupRun> {
  const { store, now, dryRun: isDryRun, post } = context;
  const organisations = await readOrganisations(store);
  const usable = organisations.flatMap((one) => ('fault' in one ? [] : [one]));
  const prepared = await prepareFollowups(context, usable);
  const customers = await readHolding(
    store,
    usable.map(({ orgId }) => orgId),
  );
  return {
    organisations,
    usable,
    quota: new Quota(store, now),
    refusals: new Refusals(),
    prepared,
    customers,
    mail: post ? await OrganisationMail.open({ ...context, post }) : null,
    isDryRun,
  };
}

/**
 * Sends the due reminders. Conditions for a reminder:
 * - The follow-up is open and automatic, and its organisation's automatic follow-ups are on.
 * - Its customer is neither excluded nor paused, by a dispute or a promise.
 * - `next_due_at` is not in the future.
 * - It is the lowest level not sent yet; a run sends at most one level per follow-up.
 * - One commit has claimed the mail, on condition that the follow-up is unchanged since it was read.
 *
 * Guarantees:
 * - A mail without the server's answer is uncertain (`unknown`). It waits for a person; no run sends it again.
 * - A killed run loses nothing. Unclaimed mails stay due; another run takes over claimed ones after a minute.
 * - A run that finds mails in another run's hands is not complete, so Scheduler's retry comes after that minute.
 * - A blocked follow-up gets a later due time, or is parked with its reason until a person fixes the cause.
 * - Its history grows only if the reason changes.
 */
export const processFollowups: Task<Types> = {
  name: 'process-followups',
  route: '/api/followups/process-automatic',
  methods: ['GET', 'POST'],
  params: {},
  language: 'fr',
  onOverlap: 'retry',
  budgetSeconds: 240,
  batchSize: 1,
  concurrency: CONCURRENCY,

  open: openFollowupRun,

  async *find({ organisations, usable, quota, prepared, customers }, { store, now }) {
    for (const one of organisations)
      if ('fault' in one) yield { id: `billing_settings/${one.orgId}`, fault: one.fault };
    for await (const { followup: found, settings } of streamDue(store, usable, now, prepared.planned)) {
      const followup = withCustomer(store, found, customers);
      const verdict = judgeAutomatic(followup, settings, now.getTime());
      const bound = verdict.do === 'send' ? await quota.take(settings) : null;
      const bounded: Verdict = bound ? { do: 'wait', reason: bound, until: null } : verdict;
      yield { id: followup.id, followup, settings, verdict: bounded };
    }
  },

  gather: (batch, { mail }, context) => readFacts(batch, mail, context),

  decide(candidate, { facts, run, now }) {
    const verdict = judgeAgain(candidate, facts, now);
    if (run.isDryRun) return decideDryRun(candidate, facts, verdict);
    const plan = planOf(candidate, facts, verdict);
    const { reason } = verdict;
    if (reason === 'account_missing') return { act: false, reason, failed: { retry: false } };
    // Storing the reason for sending nothing is an act too.
    return verdict.do === 'send' || isRecorded(candidate, verdict)
      ? { act: true, reason, plan }
      : { act: false, reason, ...unfinishedIf(reason === 'in_progress') };
  },

  async after({ prepared, usable, mail, isDryRun }, _end, { store, now, post, runId }) {
    await prepared.finish();
    if (!isDryRun) await mail?.finish();
    if (post) await notifyOwners({ store, now, post, decider: { runId, by: null } }, usable);
  },

  act: (decided, { refusals }, context) => Promise.all(decided.map((one) => actOn(one, refusals, context))),

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

function message({ outcome, dryRun, counts, notes }: ReplyFacts<object>): string {
  const fault = notes.find((note) => note['mail_fault'])?.['mail_fault'] as FaultKind | undefined;
  const remedy = fault ? ` : ${REMEDIES[fault].fr}` : '';
  if (outcome === 'failed') return `Échec du traitement des relances automatiques${remedy}`;
  if (dryRun) return `${counts.acted} relance(s) partirai(en)t`;
  if (outcome === 'partial')
    return `Traitement des relances automatiques terminé avec ${counts.failed} échec(s)`;
  return 'Traitement des relances automatiques terminé avec succès';
}
