import {
  type DigestAlert,
  releaseOrphan,
  sendDigest,
  settleOrphan,
} from '../../shared/domains/tickets/alerts/mail.ts';
import { type AlertState, pruned } from '../../shared/domains/tickets/alerts/state.ts';
import type { SendResult } from '../../shared/doors/mail/post.ts';
import type { ActResult, RunContext } from '../../shared/runtime/task.ts';
import type { Candidate, Orphan, Pair } from './candidates.ts';
import { alertOf, type Reason, stayOf } from './verdict.ts';

/** Another run has claimed it, and may be dead: whether its mail went is known once its claim is old enough. */
export const IN_FLIGHT = { outcome: 'failed', reason: 'in_flight', retry: true } as const;

/** Ends what a dead run has begun: given back where its mail never went, unknown where it may have. */
export async function endOrphan(
  { digest }: Orphan,
  states: Map<string, AlertState>,
  context: RunContext,
): Promise<ActResult<Reason>> {
  if (digest.todo === 'unknown') {
    const settled = await settleOrphan(context, digest);
    return settled ? { outcome: 'failed', reason: 'unknown', retry: false } : IN_FLIGHT;
  }
  const state = states.get(digest.address);
  const released = state ? await releaseOrphan(context, digest, state) : null;
  if (!released) return IN_FLIGHT;
  states.set(digest.address, released);
  return { outcome: 'skipped', reason: 'released' };
}

/** Sends one recipient's digest; the pairs are all of that recipient. */
export async function tell(
  pairs: readonly Pair[],
  states: ReadonlyMap<string, AlertState>,
  force: boolean,
  context: RunContext,
): Promise<Map<Candidate, ActResult<Reason>>> {
  const [first] = pairs;
  const { post } = context;
  const recipient = first?.recipient;
  const state = states.get(recipient?.address ?? '');
  if (!first || !recipient?.address || !post || !state) return new Map();
  const still = await first.round.recheck.still();
  const unchanged = pairs.filter(({ late }) => still.has(late.ticket.id));
  const alerts = unchanged.flatMap((pair) => digestAlert(pair, state, force));
  const { settings, occurrence, runId, late } = first.round;
  const result: SendResult | null =
    alerts.length === 0
      ? null
      : await sendDigest(post, context, {
          recipient: { ...recipient, address: recipient.address },
          alerts,
          state,
          kept: pruned(state.alerts, late, { repeatHours: settings.repeatHours, occurrence }),
          run: { id: runId, occurrence, requestedBy: context.requestedBy ?? context.trigger },
        });
  const sent = result ? candidateResult(result) : IN_FLIGHT;
  const dropped = { outcome: 'skipped', reason: 'changed_meanwhile' } as const;
  return new Map(pairs.map((pair) => [pair, still.has(pair.late.ticket.id) ? sent : dropped]));
}

function digestAlert(pair: Pair, state: AlertState, force: boolean): DigestAlert[] {
  const decision = alertOf({ ...pair, open: [] }, state, force);
  if (!decision.act) return [];
  const { sequence, countedAt } = decision;
  return [
    { late: pair.late, due: { ...stayOf(pair), sequence, countedAt }, forced: decision.reason === 'forced' },
  ];
}

/** What a delivery's end means for each of its alerts, and whether Scheduler's retry may heal it. */
function candidateResult(result: SendResult): ActResult<Reason> {
  switch (result.outcome) {
    case 'sent':
      return { outcome: 'acted' };
    case 'paused':
      return { outcome: 'skipped', reason: 'mail_paused' };
    case 'failed':
      return { outcome: 'failed', reason: 'refused', retry: false };
    case 'unknown':
      return { outcome: 'failed', reason: 'unknown', retry: false };
    case 'taken':
      return IN_FLIGHT;
    case 'stopped':
      return result.reason === 'budget'
        ? { outcome: 'failed', reason: 'budget', retry: false, outOfTime: true }
        : { outcome: 'failed', reason: result.reason, retry: true };
    default:
      return {
        outcome: 'failed',
        reason: result.outcome === 'system' ? 'mail_system' : 'try_later',
        retry: true,
      };
  }
}
