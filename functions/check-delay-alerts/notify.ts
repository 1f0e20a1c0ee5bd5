import { releaseOrphan, sendDigest, settleOrphan } from '../../shared/domains/tickets/alerts/mail.ts';
import { type AlertState, pruneAlerts } from '../../shared/domains/tickets/alerts/state.ts';
import type { SendResult } from '../../shared/doors/mail/send-result.ts';
import type { ActResult, RunContext } from '../../shared/runtime/task.ts';
import type { AlertCandidate, AlertRun, Orphan, Pair } from './candidates.ts';
import type { AlertPlan, AlertReason } from './verdict.ts';

/** Another run has claimed it and may be dead. An older claim will show if its mail went. */
const IN_FLIGHT = { outcome: 'failed', reason: 'in_flight', retry: true } as const;

type DecidedPair = { pair: Pair; plan: AlertPlan };

/**
 * Does all of one recipient: first ends what dead runs began, then sends one digest. If another run was faster with
 * ending one, nothing is sent: the alerts were decided as if that one had been released.
 */
export async function notifyRecipient(
  decided: readonly { candidate: AlertCandidate; plan: AlertPlan }[],
  run: AlertRun,
  context: RunContext,
): Promise<ActResult<AlertReason>[]> {
  const results = new Map<AlertCandidate, ActResult<AlertReason>>();
  let state = decided[0]?.plan.state;
  let isOvertaken = false;
  for (const { candidate } of decided) {
    if (candidate.kind !== 'orphan') continue;
    const ended = await endOrphan(candidate, state, context);
    results.set(candidate, ended.result);
    state = ended.state;
    isOvertaken ||= ended.result === IN_FLIGHT;
  }
  if (isOvertaken) return decided.map(({ candidate }) => results.get(candidate) ?? IN_FLIGHT);
  const pairs = decided.flatMap(({ candidate, plan }) =>
    candidate.kind === 'pair' ? [{ pair: candidate, plan: { ...plan, state } }] : [],
  );
  for (const [pair, result] of await sendPairs(pairs, run, context)) results.set(pair, result);
  return decided.map(({ candidate }) => results.get(candidate) ?? IN_FLIGHT);
}

/** Ends the digest of a dead run: released if its mail never went, uncertain if it may have. */
async function endOrphan(
  { digest }: Orphan,
  state: AlertState | undefined,
  context: RunContext,
): Promise<{ result: ActResult<AlertReason>; state: AlertState | undefined }> {
  if (digest.todo === 'unknown') {
    const settled = await settleOrphan(context, digest);
    return { result: settled ? { outcome: 'failed', reason: 'unknown', retry: false } : IN_FLIGHT, state };
  }
  const released = state ? await releaseOrphan(context, digest, state) : null;
  if (!released) return { result: IN_FLIGHT, state };
  return { result: { outcome: 'skipped', reason: 'released' }, state: released };
}

/** Sends one recipient's digest; drops tickets that were closed or moved since. */
async function sendPairs(
  decided: readonly DecidedPair[],
  run: AlertRun,
  context: RunContext,
): Promise<Map<AlertCandidate, ActResult<AlertReason>>> {
  const [first] = decided;
  const recipient = first?.pair.recipient;
  const state = first?.plan.state;
  const { post } = context;
  if (!recipient?.address || !post || !state) return new Map();
  const still = await run.recheck.still();
  const alerts = decided.flatMap(({ pair, plan }) =>
    plan.alert && still.has(pair.late.ticket.id) ? [plan.alert] : [],
  );
  const { settings, occurrence, runId } = run;
  const late = new Set(run.late.map(({ ticket }) => ticket.id));
  const result: SendResult | null =
    alerts.length === 0
      ? null
      : await sendDigest(post, context, {
          recipient: { ...recipient, address: recipient.address },
          alerts,
          state,
          kept: pruneAlerts(state.alerts, late, { repeatHours: settings.repeatHours, occurrence }),
          ticketUrl: settings.ticketUrl,
          run: { id: runId, occurrence, requestedBy: context.requestedBy ?? context.trigger },
        });
  const sent = result ? candidateResult(result, post.fault !== null) : IN_FLIGHT;
  const dropped = { outcome: 'skipped', reason: 'changed_meanwhile' } as const;
  return new Map(decided.map(({ pair }) => [pair, still.has(pair.late.ticket.id) ? sent : dropped]));
}

/** Returns the result of each alert of a delivery; `retry` is true if Scheduler's retry may help. */
function candidateResult(result: SendResult, isStopped: boolean): ActResult<AlertReason> {
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
        ? { outcome: 'failed', reason: 'budget', retry: false, isUnfinished: true }
        : { outcome: 'failed', reason: 'mail_system', retry: true };
    default:
      return {
        outcome: 'failed',
        reason: isStopped ? 'mail_system' : 'try_later',
        retry: true,
      };
  }
}
