import { createHash } from 'node:crypto';
import { addDays } from '../../../doors/time/zoned.ts';
import { nextOpen, type OpeningHours } from './opening-hours.ts';

export type FollowupType = 'invoice' | 'quote';

/** One mail of a sequence: how many days after the start, and which template. */
export interface Level {
  after_days: number;
  template: string;
}

/** What decides when a follow-up comes due. */
export interface Rules {
  levels: Readonly<Record<FollowupType, readonly Level[]>>;
  hours: OpeningHours;
  /** Days between two mails at least, counted from when the first of them really went. */
  minGapDays: number;
  /** Days after the start in which nothing goes, whatever the levels say: a payment may be on its way. */
  graceDays: number;
}

/** What a follow-up's due time depends on; times are milliseconds since the epoch. */
export interface Standing {
  type: FollowupType;
  /** An invoice counts from its due date, a quote from its sending. */
  start: number | null;
  /** Levels already sent. */
  level: number;
  lastSentAt: number | null;
  pausedUntil: number | null;
}

export type NextDue = { at: number; reason: 'due' } | { at: null; reason: 'no_start' | 'all_levels_sent' };

/**
 * When the next level is due: start + after_days in the organisation's own days, and never sooner than min_gap_days after
 * the last mail really went, nor within a pause; from there forward to an hour at which mail may go out. Without a due
 * date it never is.
 */
export function nextDue(standing: Standing, rules: Rules): NextDue {
  const level = rules.levels[standing.type][standing.level];
  if (!level) return { at: null, reason: 'all_levels_sent' };
  if (standing.start === null) return { at: null, reason: 'no_start' };
  const { zone } = rules.hours;
  const byLevel = addDays(standing.start, Math.max(level.after_days, rules.graceDays), zone);
  const byGap = gapEnd(standing, rules);
  return {
    at: nextOpen(Math.max(byLevel, byGap, standing.pausedUntil ?? byLevel), rules.hours),
    reason: 'due',
  };
}

/** Until when the last mail keeps the next one back; negative infinity where there is none. */
export function gapEnd({ lastSentAt }: Standing, { minGapDays, hours }: Rules): number {
  return lastSentAt === null ? Number.NEGATIVE_INFINITY : addDays(lastSentAt, minGapDays, hours.zone);
}

/**
 * A short name for all that due times of this type depend on: a follow-up remembers under which rules it was scheduled,
 * so one that older rules have made due is not sent early.
 */
export function rulesKey({ levels, hours, minGapDays, graceDays }: Rules, type: FollowupType): string {
  const days = levels[type].map(({ after_days }) => after_days);
  const parts = [days, hours.zone, hours.businessDaysOnly, hours.quiet, minGapDays, graceDays];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 12);
}
