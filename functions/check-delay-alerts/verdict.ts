import { type AlertDecision, decideAlert } from '../../shared/domains/tickets/alerts/alert.ts';
import type { DigestAlert } from '../../shared/domains/tickets/alerts/mail.ts';
import {
  type AlertState,
  earlierAlert,
  listClaimed,
  undoAlerts,
} from '../../shared/domains/tickets/alerts/state.ts';
import type { Decision, Note } from '../../shared/runtime/task.ts';
import type { AlertRun, Pair } from './candidates.ts';

/** A recipient's state is one document, and Firestore's limit for one is 1 MiB. */
const MAX_TICKETS = 2_000;

/** The facts that deciding needs beside the candidate. */
export interface AlertFacts {
  mail: 'ready' | 'paused' | 'not_configured';
  /** By address. */
  states: ReadonlyMap<string, AlertState>;
}

export type AlertReason =
  | 'new'
  | 'reminder'
  | 'forced'
  | 'suppressed'
  | 'beyond_limit'
  | 'changed_meanwhile'
  | 'mail_paused'
  | 'mail_not_configured'
  | 'no_active_recipient'
  | 'no_responsible_recipient'
  | 'invalid_address'
  | 'in_flight'
  | 'released'
  | 'unknown'
  | 'refused'
  | 'budget'
  | 'mail_system'
  | 'try_later';

/** The plan of a candidate: the recipient's state as it was read, and the alert of a pair. */
export interface AlertPlan {
  state: AlertState | undefined;
  alert: DigestAlert | null;
}

/** Decides whether this recipient is notified of this ticket now; pure. */
export function decidePair(
  pair: Pair,
  { mail, states }: AlertFacts,
  run: AlertRun,
): Decision<AlertReason, AlertPlan> {
  const { recipient, late, rank } = pair;
  const note: Note = {
    ticket_number: late.ticket.number,
    stage: late.ticket.stage,
    days_in_stage: late.days,
    recipient: recipient?.address ?? null,
  };
  const fail = (reason: AlertReason, retry: boolean) =>
    ({ act: false, reason, failed: { retry }, note }) as const;
  if (recipient === null)
    return run.recipients.length === 0
      ? fail('no_active_recipient', true)
      : fail('no_responsible_recipient', false);
  if (recipient.address === null) return fail('invalid_address', false);
  if (mail === 'not_configured') return fail('mail_not_configured', true);
  if (mail === 'paused') return { act: false, reason: 'mail_paused', note };
  if (pair.open.some(({ todo }) => todo === 'wait')) return fail('in_flight', true);
  if (rank >= MAX_TICKETS) return { act: false, reason: 'beyond_limit', note };
  const state = states.get(recipient.address);
  const decision = alertOf(pair, state, run);
  if (!decision.act)
    return { act: false, reason: decision.reason, note: { ...note, until: decision.until.toISOString() } };
  const { reason, sequence, countedAt } = decision;
  const due = { ...stayOf(pair), sequence, countedAt };
  return { act: true, reason, note, plan: { state, alert: { late, due, forced: reason === 'forced' } } };
}

/** Decides without the claims of dead runs that sent nothing. */
function alertOf(pair: Pair, state: AlertState | undefined, run: AlertRun): AlertDecision {
  const { settings, occurrence, runId, force } = run;
  const unsent = pair.open.filter(({ todo }) => todo === 'take').flatMap(listClaimed);
  const earlier = earlierAlert(undoAlerts(state?.alerts ?? {}, unsent), stayOf(pair));
  return decideAlert({ earlier, repeatHours: settings.repeatHours, force, occurrence, runId });
}

const stayOf = ({ late: { ticket, entry } }: Pair) => ({
  ticketId: ticket.id,
  stage: ticket.stage,
  since: entry.since,
});
