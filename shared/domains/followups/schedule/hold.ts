import { type Followup, standingOf } from '../followup.ts';
import type { Settings } from '../settings.ts';
import { dayAt, daysBetween } from './days.ts';

/** A follow-up that a change makes due at once waits for a confirmation if it is later than this many days. */
const HELD_AFTER_DAYS = 30;

/** Returns true if a follow-up is more than 30 days past its due day, a quote past its sending. */
export function isLate(followup: Followup, settings: Settings, now: number): boolean {
  const { day } = standingOf(followup, settings);
  return day !== null && daysBetween(day, dayAt(now, settings.rules.hours.zone)) > HELD_AFTER_DAYS;
}

/** Holds what was due and late when automatic follow-ups were switched on, until the walk has parked it. */
export function isHeld(followup: Followup, settings: Settings): boolean {
  const { heldDueBefore, holdingSince } = settings;
  const due = followup.nextDueAt;
  if (due === null) return false;
  if (heldDueBefore !== null && due < heldDueBefore) return true;
  return holdingSince !== null && due <= holdingSince && isLate(followup, settings, holdingSince);
}
