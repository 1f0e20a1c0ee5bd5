import { dueDayOf, type Followup, standingOf } from './followup.ts';
import { isHeld } from './judge.ts';
import type { Reason } from './reasons.ts';
import { endOf } from './schedule/days.ts';
import { gapEnd } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

/**
 * Returns why a person must confirm that the next mail goes now, or null: a pause, the time up to the end of the due day, the
 * gap after the mail before, or a hold.
 */
export function confirmationReason(followup: Followup, settings: Settings, now: number): Reason | null {
  const { pausedUntil, type, parked } = followup;
  const { rules } = settings;
  if (pausedUntil !== null && pausedUntil > now) return 'paused';
  const dueDay = type === 'invoice' ? dueDayOf(followup, settings) : null;
  if (dueDay !== null && endOf(dueDay.day, rules.hours.zone) > now) return 'before_due_date';
  if (gapEnd(standingOf(followup, settings), rules) > now) return 'min_gap';
  return parked?.reason === 'held' || isHeld(followup, settings) ? 'held' : null;
}
