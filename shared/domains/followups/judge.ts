import type { Resume } from '../../doors/mail/claims.ts';
import type { Followup } from './followup.ts';
import { standingOf } from './followup.ts';
import { contentOf, Unmailable } from './mail/content.ts';
import type { ParkingReason, Reason } from './reasons.ts';
import { closedAt, nextOpen } from './schedule/opening-hours.ts';
import { gapEnd, nextDue, rulesKey } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

/**
 * What to do about a follow-up now:
 * - `send`: its next level goes;
 * - `wait`: not now; `until` is when it is due instead (milliseconds), null where that stays as it is;
 * - `park`: not before a person has mended something;
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

/** Why a follow-up that is not open gets nothing. */
function closedReason({ status, stopReason }: Followup): Reason | null {
  if (status === 'open') return null;
  const ended = ENDED[status ?? ''];
  if (ended) return ended;
  return stopReason === 'replied' || stopReason === 'opted_out' || stopReason === 'hard_bounce'
    ? stopReason
    : 'stopped';
}

/** Whether it goes by itself now, and why or why not. Pure; the order of the questions is that of their weight. */
export function judge(followup: Followup, settings: Settings, now: number): Verdict {
  const closed = closedReason(followup);
  if (closed) return wait(closed);
  if (!settings.enabled) return wait('organisation_off');
  if (!followup.autoEnabled) return wait('auto_disabled');
  if (followup.parked && followup.nextDueAt === null)
    return { do: 'park', reason: followup.parked.reason, detail: followup.parked.detail ?? '' };
  const standing = standingOf(followup);
  const next = nextDue(standing, settings.rules);
  if (next.at === null) return never(next.reason);
  const due = followup.nextDueAt;
  if (due === null || due > now) return wait('not_due');
  if (settings.heldDueBefore !== null && due < settings.heldDueBefore) return wait('held');
  return judgeDue(followup, settings, next.at, now);
}

function never(reason: 'no_start' | 'all_levels_sent'): Verdict {
  if (reason === 'all_levels_sent') return { do: 'end', reason };
  return {
    do: 'park',
    reason,
    detail: 'There is nothing to count from; give due_date, for a quote sent_at.',
  };
}

/** What still stands against one whose time has come. */
function judgeDue(followup: Followup, settings: Settings, byRules: number, now: number): Verdict {
  const { rules } = settings;
  const { hours } = rules;
  const standing = standingOf(followup);
  const later = (instant: number) => nextOpen(Math.max(instant, now), hours);
  if (followup.pausedUntil !== null && followup.pausedUntil > now)
    return wait('paused', later(followup.pausedUntil));
  // Whoever scheduled it: an invoice is never reminded of before it is due.
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
  return mailable(followup, settings, followup.level + 1, now);
}

function mailable(followup: Followup, settings: Settings, level: number, now: number): Verdict {
  try {
    contentOf(followup, settings, level, '', now);
    return { do: 'send', reason: 'due', level };
  } catch (error) {
    if (error instanceof Unmailable) return { do: 'park', reason: error.reason, detail: error.message };
    throw error;
  }
}

/**
 * Whether a person may send the next level at once: its time, its hours, pauses and switches do not matter then, what
 * stopped it for good does.
 */
export function judgeManual(followup: Followup, settings: Settings, now: number): Verdict {
  const closed = closedReason(followup);
  if (closed) return wait(closed);
  if (followup.parked?.reason === 'unknown_delivery')
    return { do: 'park', reason: 'unknown_delivery', detail: followup.parked.detail ?? '' };
  const next = nextDue(standingOf(followup), settings.rules);
  if (next.reason === 'all_levels_sent') return never(next.reason);
  return mailable(followup, settings, followup.level + 1, now);
}

/** The verdict in view of the claim that the level's record holds. */
export function withClaim(verdict: Verdict, claim: { todo: Resume; state: string | null }): Verdict {
  if (verdict.do !== 'send') return verdict;
  if (claim.todo === 'take') return verdict;
  if (claim.todo === 'wait') return wait('in_progress');
  if (claim.todo === 'unknown' || claim.state === 'unknown')
    return {
      do: 'park',
      reason: 'unknown_delivery',
      detail: 'The process that sent it ended before the answer came.',
    };
  // Refused for good before; it is due again because somebody has mended it.
  if (claim.state === 'failed') return verdict;
  return wait('already_sent');
}
