import type { Resume } from '../../doors/mail/claims.ts';
import type { Followup } from './followup.ts';
import { standingOf } from './followup.ts';
import { contentOf, type Reminder, Unmailable } from './mail/content.ts';
import type { ParkingReason, Reason } from './reasons.ts';
import { closedAt, nextOpen } from './schedule/opening-hours.ts';
import { gapEnd, nextDue, rulesKey } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

/**
 * The next step for a follow-up:
 * - `send`: send its next level;
 * - `wait`: send nothing now; `until` is the new due time (milliseconds), or null to keep the old one;
 * - `park`: wait until a person fixes the cause;
 * - `end`: it has no further level.
 */
export type Verdict =
  | { do: 'send'; reason: 'due'; level: number }
  | { do: 'wait'; reason: Reason; until: number | null }
  | { do: 'park'; reason: ParkingReason; detail: string }
  | { do: 'end'; reason: 'all_levels_sent' };

const wait = (reason: Reason, until: number | null = null): Verdict => ({ do: 'wait', reason, until });

const ENDED: Readonly<Record<string, Reason>> = {
  paid: 'paid',
  accepted: 'accepted',
  cancelled: 'cancelled',
};

/** Returns why a follow-up that is not open gets no mail, or null if it is open. */
function closedReason({ status, stopReason }: Followup): Reason | null {
  if (status === 'open') return null;
  const ended = ENDED[status ?? ''];
  if (ended) return ended;
  return stopReason === 'replied' || stopReason === 'opted_out' || stopReason === 'hard_bounce'
    ? stopReason
    : 'stopped';
}

/** Decides if a run may send the next level now, and why or why not. Pure; the weightiest reason comes first. */
export function judgeAutomatic(followup: Followup, settings: Settings, now: number): Verdict {
  const closed = closedReason(followup);
  if (closed) return wait(closed);
  if (!settings.enabled) return wait('organisation_off');
  if (!followup.autoEnabled) return wait('auto_disabled');
  if (followup.parked && followup.nextDueAt === null)
    return { do: 'park', reason: followup.parked.reason, detail: followup.parked.detail ?? '' };
  const standing = standingOf(followup);
  const next = nextDue(standing, settings.rules);
  if (next.at === null) return withoutNextLevel(next.reason);
  const due = followup.nextDueAt;
  if (due === null || due > now) return wait('not_due');
  if (settings.heldDueBefore !== null && due < settings.heldDueBefore) return wait('held');
  return judgeDue(followup, settings, next.at, now);
}

function withoutNextLevel(reason: 'no_start' | 'all_levels_sent'): Verdict {
  if (reason === 'all_levels_sent') return { do: 'end', reason };
  return {
    do: 'park',
    reason,
    detail: 'There is nothing to count from; give due_date, for a quote sent_at.',
  };
}

/** Decides about a follow-up whose due time has come. */
function judgeDue(followup: Followup, settings: Settings, byRules: number, now: number): Verdict {
  const { rules } = settings;
  const { hours } = rules;
  const standing = standingOf(followup);
  const later = (instant: number) => nextOpen(Math.max(instant, now), hours);
  if (followup.pausedUntil !== null && followup.pausedUntil > now)
    return wait('paused', later(followup.pausedUntil));
  // An invoice never gets a reminder before its due date, even if another back end scheduled one.
  if (followup.type === 'invoice' && standing.start !== null && standing.start > now)
    return wait('before_due_date', later(standing.start));
  const gap = gapEnd(standing, rules);
  if (gap > now) return wait('min_gap', later(gap));
  if (
    followup.scheduledBy !== null &&
    followup.scheduledBy !== rulesKey(rules, followup.type) &&
    byRules > now
  )
    return wait('rescheduled', byRules);
  const closed = closedAt(now, hours);
  if (closed) return wait(closed, nextOpen(now, hours));
  return judgeMail({ followup, settings, level: followup.level + 1 }, now);
}

function judgeMail(reminder: Reminder, now: number): Verdict {
  try {
    contentOf(reminder, '', now);
    return { do: 'send', reason: 'due', level: reminder.level };
  } catch (error) {
    if (error instanceof Unmailable) return { do: 'park', reason: error.reason, detail: error.message };
    throw error;
  }
}

/**
 * Decides if a person may send the next level at once, whatever due time, open hours, pauses and switches say. An ended
 * follow-up, an uncertain mail or a faulty one still prevents it.
 */
export function judgeManual(followup: Followup, settings: Settings, now: number): Verdict {
  const closed = closedReason(followup);
  if (closed) return wait(closed);
  if (followup.parked?.reason === 'unknown_delivery')
    return { do: 'park', reason: 'unknown_delivery', detail: followup.parked.detail ?? '' };
  const next = nextDue(standingOf(followup), settings.rules);
  if (next.reason === 'all_levels_sent') return withoutNextLevel(next.reason);
  return judgeMail({ followup, settings, level: followup.level + 1 }, now);
}

/** Corrects a verdict by the claim in the level's send record. */
export function applyClaim(verdict: Verdict, claim: { todo: Resume; state: string | null }): Verdict {
  if (verdict.do !== 'send') return verdict;
  if (claim.todo === 'take') return verdict;
  if (claim.todo === 'wait') return wait('in_progress');
  if (claim.todo === 'unknown' || claim.state === 'unknown')
    return {
      do: 'park',
      reason: 'unknown_delivery',
      detail:
        'The sending process ended before the mail server answered; settle the mail as sent or not sent.',
    };
  // The server refused the mail for good; it is due again because a person fixed the cause.
  if (claim.state === 'failed') return verdict;
  return wait('already_sent');
}
