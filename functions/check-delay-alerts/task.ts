import { readStates } from '../../shared/domains/tickets/alerts/state.ts';
import { MAX_THRESHOLD_DAYS } from '../../shared/domains/tickets/limits.ts';
import { booleanParam, integerParam } from '../../shared/runtime/params.ts';
import type { ActResult, Task } from '../../shared/runtime/task.ts';
import { type Candidate, findCandidates, groupOf } from './candidates.ts';
import { reply } from './reply.ts';
import { endOrphan, IN_FLIGHT, tell } from './tell.ts';
import { decidePair, type Facts, type Reason } from './verdict.ts';

const params = {
  force: booleanParam.default(false),
  threshold_days: integerParam(1, MAX_THRESHOLD_DAYS).optional(),
};

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
export const checkDelayAlerts: Task<typeof params, Candidate, Facts, Reason> = {
  name: 'check-delay-alerts',
  route: '/tickets/alerts/check',
  methods: ['POST'],
  params,
  onOverlap: 'retry',
  budgetSeconds: 240,
  // A batch is one recipient, however many tickets are late.
  batchSize: 1,
  concurrency: 4,
  groupOf,

  find: (context, { threshold_days }) => findCandidates(context, threshold_days),

  async gather(batch, { store, meter, post }) {
    const addresses = new Set(batch.flatMap((one) => addressOf(one) ?? []));
    const mail = post === undefined ? 'not_configured' : post.paused ? 'paused' : 'ready';
    return { mail, states: await readStates(store, [...addresses], meter) };
  },

  decide(candidate, facts, { force }) {
    if (candidate.kind === 'pair') return decidePair(candidate, facts, force);
    const reason = candidate.digest.todo === 'take' ? 'released' : 'unknown';
    return { act: true, reason, note: { recipient: candidate.digest.address } };
  },

  async act(batch, facts, { force }, context) {
    const states = new Map(facts.states);
    const orphans = batch.filter((one) => one.kind === 'orphan');
    const settled = new Map<Candidate, ActResult<Reason>>();
    for (const orphan of orphans) settled.set(orphan, await endOrphan(orphan, states, context));
    const pairs = batch.filter((one) => one.kind === 'pair');
    const told = await tell(pairs, states, force, context);
    return batch.map((one) => settled.get(one) ?? told.get(one) ?? IN_FLIGHT);
  },

  reply,
};

const addressOf = (one: Candidate) => (one.kind === 'orphan' ? one.digest.address : one.recipient?.address);
