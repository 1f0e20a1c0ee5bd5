import type { Resume } from '../../doors/mail/claims.ts';
import { customerPause } from './customers/hold.ts';
import { dueDayOf, type Followup, standingOf } from './followup.ts';
import { contentOf, isBelowMinimum, isSettled, type Reminder, Unmailable } from './mail/content.ts';
import type { ParkingReason, Reason } from './reasons.ts';
import { endOf, readDay } from './schedule/days.ts';
import { isHeld } from './schedule/hold.ts';
import { closedAt, nextOpen } from './schedule/opening-hours.ts';
import { gapEnd, isScheduledBy, nextDue, type Standing } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

/**
 * The next step for a follow-up:
 * - `send`: send its next level;
 * - `wait`: send nothing now; `until` is the new due time (milliseconds), or null to keep the old one;
 * - `park`: wait until a person fixes the cause;
 * - `end`: it gets no further mail.
 */
export type Verdict =
  | { do: 'send'; reason: 'due'; level: number }
  | { do: 'wait'; reason: Reason; until: number | null }
  | { do: 'park'; reason: ParkingReason; detail: string }
  | { do: 'end'; reason: 'all_levels_sent' | 'nothing_due' | 'below_minimum' | 'expired' };

const wait = (reason: Reason, until: number | null = null): Verdict => ({ do: 'wait', reason, until });

const ENDED: Readonly<Record<string, Reason>> = {
  paid: 'paid',
  accepted: 'accepted',
  cancelled: 'cancelled',
};

/** These stops hold whatever another back end writes as the status. */
const STOPPED: readonly Reason[] = ['stopped', 'replied', 'opted_out', 'hard_bounce'];
/** Returns why a follow-up that has ended gets no mail, or null if it goes on. */
export function closedReason({ status, stopReason }: Followup): Reason | null {
  const stop = STOPPED.find((reason) => reason === stopReason) ?? null;
  if (status === 'open') return stop;
  const ended = ENDED[status ?? ''];
  if (ended) return ended;
  return stop ?? (stopReason === 'expired' ? 'expired' : 'stopped');
}

/** Decides if a run may send the next level now, and why or why not. Pure; the weightiest reason comes first. */
export function judgeAutomatic(followup: Followup, settings: Settings, now: number): Verdict {
  const closed = closedReason(followup);
  if (followup.fault !== null && (followup.status === null || closed === null))
    return { do: 'park', reason: 'bad_row', detail: followup.fault };
  if (closed) return wait(closed);
  if (!settings.enabled) return wait('organisation_off');
  if (!followup.autoEnabled) return wait('auto_disabled');
  if (followup.billing?.excluded) return wait('customer_excluded');
  if (followup.parked && followup.nextDueAt === null) return parkedVerdict(followup.parked);
  if (isExpired(followup, settings, now)) return { do: 'end', reason: 'expired' };
  const standing = standingOf(followup, settings);
  const next = nextDue(standing, settings.rules);
  if (next.at === null) return withoutNextLevel(next.reason);
  const due = followup.nextDueAt;
  if (due === null) return wait(unscheduledReason(followup, settings));
  if (due > now) return wait(reasonToWait(followup, settings, standing, now));
  if (isHeld(followup, settings)) return wait('held');
  return judgeDue(followup, settings, next.at, now);
}

function unscheduledReason(followup: Followup, settings: Settings): Reason {
  if (isSettled(followup)) return 'nothing_due';
  return isBelowMinimum(followup, settings) ? 'below_minimum' : 'not_scheduled';
}

function parkedVerdict({ reason, detail }: NonNullable<Followup['parked']>): Verdict {
  if (reason === 'held' || reason === 'customer_excluded') return wait(reason);
  return { do: 'park', reason, detail: detail ?? '' };
}

function withoutNextLevel(reason: 'no_start' | 'all_levels_sent'): Verdict {
  if (reason === 'all_levels_sent') return { do: 'end', reason };
  return {
    do: 'park',
    reason,
    detail: 'There is nothing to count from; give due_date, for a quote sent_at.',
  };
}

/** Returns true after the last day of a quote's validity. */
export function isExpired(
  { type, validUntil }: Followup,
  { rules, zoneBefore }: Settings,
  now: number,
): boolean {
  const { zone } = rules.hours;
  const last = type === 'quote' ? readDay(validUntil, zone, zoneBefore) : null;
  return last !== null && now >= endOf(last.day, zone);
}

/** Returns why a due time lies ahead. */
function reasonToWait(followup: Followup, settings: Settings, standing: Standing, now: number): Reason {
  const { rules } = settings;
  if ((followup.pausedUntil ?? 0) > now) return 'paused';
  const pause = customerPause(followup, settings, now);
  if (pause) return pause.reason;
  if (followup.refusedSince !== null && followup.lastReason === 'refused_for_now') return 'refused_for_now';
  const byLevel = nextDue({ ...standing, lastSentAt: null, pausedUntil: null }, ANY_HOUR(rules)).at ?? now;
  if (byLevel > now) return 'not_due';
  if (gapEnd(standing, rules) > now) return 'min_gap';
  return closedAt(now, rules.hours) ?? 'not_due';
}

/** The rules without open hours and gaps, for the instant that a level's days alone give. */
const ANY_HOUR = (rules: Settings['rules']): Settings['rules'] => ({
  ...rules,
  hours: { ...rules.hours, businessDaysOnly: false, quiet: null },
});

/** Decides about a follow-up whose due time has come. */
function judgeDue(followup: Followup, settings: Settings, byRules: number, now: number): Verdict {
  const { rules } = settings;
  const { hours } = rules;
  const standing = standingOf(followup, settings);
  const later = (instant: number) => nextOpen(Math.max(instant, now), hours);
  if (followup.pausedUntil !== null && followup.pausedUntil > now)
    return wait('paused', later(followup.pausedUntil));
  const pause = customerPause(followup, settings, now);
  if (pause) return wait(pause.reason, later(pause.until));
  const dueDay = followup.type === 'invoice' ? dueDayOf(followup, settings) : null;
  const dayAfter = dueDay === null ? Number.NEGATIVE_INFINITY : endOf(dueDay.day, hours.zone);
  // No reminder goes on the due day or before it, even if another back end scheduled one.
  if (dayAfter > now) return wait('before_due_date', later(Math.max(byRules, dayAfter)));
  const gap = gapEnd(standing, rules);
  if (gap > now) return wait('min_gap', later(gap));
  // A due time on the due day or before it belongs to another due date: the delay counts again.
  const isMoved = followup.scheduledBy === null && (followup.nextDueAt ?? 0) < dayAfter;
  const isOutdated = followup.scheduledBy !== null && !isScheduledBy(followup.scheduledBy, standing, rules);
  if ((isMoved || isOutdated) && byRules > now) return wait('rescheduled', byRules);
  const closed = closedAt(now, hours);
  if (closed) return wait(closed, nextOpen(now, hours));
  if (!isSettled(followup) && isBelowMinimum(followup, settings))
    return { do: 'end', reason: 'below_minimum' };
  return judgeMail({ followup, settings, level: followup.level + 1 }, now);
}

/** Decides if a level's mail can be written, whatever the time. */
export function judgeMail(reminder: Reminder, now: number): Verdict {
  if (isSettled(reminder.followup)) return { do: 'end', reason: 'nothing_due' };
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
  if (followup.fault !== null) return { do: 'park', reason: 'bad_row', detail: followup.fault };
  if (followup.parked?.reason === 'unknown_delivery')
    return { do: 'park', reason: 'unknown_delivery', detail: followup.parked.detail ?? '' };
  const next = nextDue(standingOf(followup, settings), settings.rules);
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

/**
 * Returns why a person must confirm that the next mail goes now, or null: a pause, what the customer's document says, the time up to the end of the due day, the
 * gap after the mail before, or a hold.
 */
export function confirmationReason(followup: Followup, settings: Settings, now: number): Reason | null {
  const { pausedUntil, type, parked } = followup;
  const { rules } = settings;
  if (pausedUntil !== null && pausedUntil > now) return 'paused';
  if (followup.billing?.excluded) return 'customer_excluded';
  const pause = customerPause(followup, settings, now);
  if (pause) return pause.reason;
  const dueDay = type === 'invoice' ? dueDayOf(followup, settings) : null;
  if (dueDay !== null && endOf(dueDay.day, rules.hours.zone) > now) return 'before_due_date';
  if (gapEnd(standingOf(followup, settings), rules) > now) return 'min_gap';
  return parked?.reason === 'held' || isHeld(followup, settings) ? 'held' : null;
}
