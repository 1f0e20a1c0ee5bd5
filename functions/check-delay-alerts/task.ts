import { readStates } from '../../shared/domains/tickets/alerts/state.ts';
import { MAX_THRESHOLD_DAYS } from '../../shared/domains/tickets/limits.ts';
import { booleanParam, integerParam } from '../../shared/runtime/params.ts';
import type { Task } from '../../shared/runtime/task.ts';
import { type AlertCandidate, type AlertRun, findCandidates, groupOf, openAlertRun } from './candidates.ts';
import { notifyRecipient } from './notify.ts';
import { reply } from './reply.ts';
import { type AlertFacts, type AlertPlan, type AlertReason, decidePair } from './verdict.ts';

const params = {
  force: booleanParam.default(false),
  threshold_days: integerParam(1, MAX_THRESHOLD_DAYS).optional(),
};

interface Types {
  params: typeof params;
  candidate: AlertCandidate;
  run: AlertRun;
  facts: AlertFacts;
  reason: AlertReason;
  plan: AlertPlan;
}

/**
 * Notifies the active recipients of late tickets: one digest for each, oldest first.
 *
 * - A ticket is late if it is active and strictly longer in its stage than the threshold.
 * - The first run that finds it late sends an alert. A reminder follows when `repeat_hours` have passed from occurrence to
 *   occurrence. A ticket that enters the stage again counts as new.
 * - `force` bypasses that window and nothing else.
 * - A ticket that is closed or moved before the mail goes is left out.
 *
 * One commit claims all alerts of a digest before the mail, and another settles them after it, so two runs never send the
 * same alert. If a run dies before the mail's body, the next run sends the alerts. If it dies in the body, they stay
 * `unknown` with their Message-ID, and the next reminder is the next mail.
 */
export const checkDelayAlerts: Task<Types> = {
  name: 'check-delay-alerts',
  route: '/tickets/alerts/check',
  methods: ['POST'],
  params,
  language: 'en',
  onOverlap: 'retry',
  budgetSeconds: 240,
  // A batch is one recipient, however many tickets are late.
  batchSize: 1,
  concurrency: 4,
  groupOf,

  open: openAlertRun,

  find: findCandidates,

  async gather(batch, _run, { store, post }) {
    const addresses = new Set(batch.flatMap((one) => addressOf(one) ?? []));
    const mail = post === undefined ? 'not_configured' : post.paused ? 'paused' : 'ready';
    return { mail, states: await readStates(store, [...addresses]) };
  },

  decide(candidate, { facts, run }) {
    if (candidate.kind === 'pair') return decidePair(candidate, facts, run);
    const { address, todo } = candidate.digest;
    const plan = { state: facts.states.get(address), alert: null };
    return {
      act: true,
      reason: todo === 'take' ? 'released' : 'unknown',
      note: { recipient: address },
      plan,
    };
  },

  act: notifyRecipient,

  reply,
};

const addressOf = (one: AlertCandidate) =>
  one.kind === 'orphan' ? one.digest.address : one.recipient?.address;
