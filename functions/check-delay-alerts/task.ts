import type { SendResult } from '../../shared/mail/post.ts';
import { booleanParam, integerParam } from '../../shared/task/params.ts';
import type { ActResult, Decision, Note, ReplyFacts, RunContext, Task } from '../../shared/task/task.ts';
import {
  type DigestAlert,
  releaseOrphan,
  sendDigest,
  settleOrphan,
} from '../../shared/tickets/alert-digest.ts';
import { MAX_THRESHOLD_DAYS } from '../../shared/tickets/alert-settings.ts';
import {
  type AlertState,
  claimedIn,
  earlierAlert,
  pruned,
  readStates,
  takenBack,
} from '../../shared/tickets/alert-state.ts';
import { type AlertDecision, decideAlert } from '../../shared/tickets/delay.ts';
import { type Candidate, findCandidates, groupOf, type Orphan, type Pair } from './candidates.ts';

const params = {
  force: booleanParam.default(false),
  threshold_days: integerParam(1, MAX_THRESHOLD_DAYS).optional(),
};

interface Params {
  force: boolean;
  threshold_days?: number | undefined;
}

/** A recipient's state is one document, and Firestore's limit for one is 1 MiB. */
const MAX_TICKETS = 2_000;

interface Facts {
  mail: 'ready' | 'paused' | 'not_configured';
  /** By address. */
  states: ReadonlyMap<string, AlertState>;
}

type Reason =
  | 'new'
  | 'reminder'
  | 'forced'
  | 'suppressed'
  | 'beyond_limit'
  | 'changed_meanwhile'
  | 'mail_paused'
  | 'mail_not_configured'
  | 'no_active_recipient'
  | 'invalid_address'
  | 'in_flight'
  | 'released'
  | 'unknown';

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

  reply(facts) {
    const { dryRun, outcome, params: of, reasons, tally } = facts;
    const told = sum(reasons.acted, ['new', 'reminder', 'forced']);
    return {
      success: outcome !== 'failed',
      message: message(facts, told),
      checked: tally.checked ?? 0,
      overdue: tally.overdue ?? 0,
      alerts: {
        sent: dryRun ? 0 : told,
        ...(dryRun ? { would_send: told } : {}),
        suppressed: reasons.skipped.suppressed ?? 0,
        failed: facts.counts.failed,
      },
      force: of.force,
    };
  },
};

/** Another run has claimed it, and may be dead: whether its mail went is known once its claim is old enough. */
const IN_FLIGHT = { outcome: 'failed', reason: 'in_flight', retry: true } as const;

const addressOf = (one: Candidate) => (one.kind === 'orphan' ? one.digest.address : one.recipient?.address);

function decidePair(pair: Pair, { mail, states }: Facts, force: boolean): Decision<Reason> {
  const { recipient, late, rank } = pair;
  const note: Note = {
    ticket_number: late.ticket.number,
    stage: late.ticket.stage,
    days_in_stage: late.days,
    recipient: recipient?.address ?? null,
  };
  const fail = (reason: Reason, retry: boolean) => ({ act: false, reason, failed: { retry }, note }) as const;
  if (recipient === null) return fail('no_active_recipient', true);
  if (recipient.address === null) return fail('invalid_address', false);
  if (mail === 'not_configured') return fail('mail_not_configured', true);
  if (mail === 'paused') return { act: false, reason: 'mail_paused', note };
  if (pair.open.some(({ todo }) => todo === 'wait')) return fail('in_flight', true);
  if (rank >= MAX_TICKETS) return { act: false, reason: 'beyond_limit', note };
  const decision = alertOf(pair, states.get(recipient.address), force);
  const { act, reason } = decision;
  return act
    ? { act, reason, note }
    : { act, reason, note: { ...note, until: decision.until.toISOString() } };
}

/** The rule's verdict, as if dead runs had not claimed what they did not send. */
function alertOf(pair: Pair, state: AlertState | undefined, force: boolean): AlertDecision {
  const { settings, occurrence, runId } = pair.round;
  const unsent = pair.open.filter(({ todo }) => todo === 'take').flatMap(claimedIn);
  const earlier = earlierAlert(takenBack(state?.alerts ?? {}, unsent), stayOf(pair));
  return decideAlert({ earlier, repeatHours: settings.repeatHours, force, occurrence, runId });
}

const stayOf = ({ late: { ticket, entry } }: Pair) => ({
  ticketId: ticket.id,
  stage: ticket.stage,
  since: entry.since,
});

/** Ends what a dead run has begun: given back where its mail never went, unknown where it may have. */
async function endOrphan(
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
async function tell(
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

const sum = (counts: Readonly<Record<string, number>>, reasons: readonly string[]) =>
  reasons.reduce((total, reason) => total + (counts[reason] ?? 0), 0);

/** Why a run failed, where a person has to do something about it. */
const REMEDIES: Partial<Record<string, string>> = {
  no_active_recipient: 'nobody is told of it: choose recipients on /tickets/alerts/config/',
  mail_not_configured: 'no mail can go: set EMAIL_HOST and what belongs to it',
  mail_system: 'the mail server refuses to work for us: see the log, and correct EMAIL_* or the account',
};

function message({ outcome, dryRun, counts, reasons, tally }: ReplyFacts<Params>, told: number): string {
  if (outcome === 'skipped_overlap') return 'Skipped: another run is checking delays';
  if (outcome === 'deduplicated') return 'Deduplicated: this occurrence has been done';
  const remedy = Object.keys(reasons.failed).flatMap((reason) => REMEDIES[reason] ?? [])[0];
  const late = `${tally.overdue ?? 0} late ticket(s)`;
  if (outcome === 'failed' && remedy) return `Failed: ${late}, and ${remedy}`;
  if (dryRun) return `Would send ${told} alert(s) about ${late}`;
  if (outcome === 'failed') return `Failed after sending ${told} alert(s) about ${late}`;
  const end = outcome === 'partial' ? `, terminée avec ${counts.failed} échec(s)` : '';
  return `Sent ${told} alert(s) about ${late}${end}`;
}
