import { type Followup, standingOf } from './followup.ts';
import type { Reason } from './reasons.ts';
import { gapEnd } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

const DAY_MS = 86_400_000;

/**
 * Returns why a person must confirm that the next mail goes now, or null: a pause, the time up to the end of the due day, the
 * gap after the mail before, or a hold. A request that arrives twice then never sends the next mail too.
 */
export function confirmationReason(followup: Followup, settings: Settings, now: number): Reason | null {
  const standing = standingOf(followup);
  const { pausedUntil, nextDueAt, type } = followup;
  if (pausedUntil !== null && pausedUntil > now) return 'paused';
  if (type === 'invoice' && standing.start !== null && standing.start + DAY_MS > now)
    return 'before_due_date';
  if (gapEnd(standing, settings.rules) > now) return 'min_gap';
  const { heldDueBefore } = settings;
  return heldDueBefore !== null && nextDueAt !== null && nextDueAt < heldDueBefore ? 'held' : null;
}
