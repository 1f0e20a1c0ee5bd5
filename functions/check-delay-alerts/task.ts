import { readStates } from '../../shared/domains/tickets/alerts/state.ts';
import { MAX_THRESHOLD_DAYS } from '../../shared/domains/tickets/limits.ts';
import { booleanParam, integerParam } from '../../shared/runtime/params.ts';
import type { Task } from '../../shared/runtime/task.ts';
import { type AlertCandidate, type AlertRun, findCandidates, groupOf, openAlertRun } from './candidates.ts';
import { notifyRecipient } from './notify.ts';
import { reply } from './reply.ts';
import { type AlertFacts, type AlertPlan, decidePair, type Reason } from './verdict.ts';

const params = {
  force: booleanParam.default(false),
  threshold_days: integerParam(1, MAX_THRESHOLD_DAYS).optional(),
};

interface Types {
  params: typeof params;
  candidate: AlertCandidate;
  run: AlertRun;
  facts: AlertFacts;
  reason: Reason;
  plan: AlertPlan;
}

/**
 * Tells the active recipients of tickets that are stuck: one digest for each, oldest first.
 *
 * Late: active, and strictly longer in its stage than the threshold. Told: on the first run that finds it late, and again
 * once `repeat_hours` have passed from occurrence to occurrence; re-entering a stage begins anew. `force` bypasses that
 * window and nothing else. A ticket that was closed or moved before its mail goes is dropped from it.
 *
 * All alerts of a digest are claimed in one commit before the mail and settled after it, so that two runs never tell the
 * same. A run that dies before the mail's body is made up for by the next; one that dies in the body leaves its alerts
 * `unknown`, with their Message-ID: they may or may not have arrived, and are not sent again before the next reminder.
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
