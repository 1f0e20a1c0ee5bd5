import { createHash } from 'node:crypto';
import { addDays } from '../../../doors/time/zoned.ts';
import { nextOpen, type OpeningHours } from './opening-hours.ts';

export type FollowupType = 'invoice' | 'quote';

/** One step of a sequence: its days after the start, and its template. */
export interface Level {
  after_days: number;
  template: string;
}

/** The settings that decide when a follow-up is due. */
export interface Rules {
  levels: Readonly<Record<FollowupType, readonly Level[]>>;
  hours: OpeningHours;
  /** The least number of days between two mails, counted from the real sending of the first. */
  minGapDays: number;
  /** Days after the start without any mail, whatever the levels say: a payment may be on its way. */
  graceDays: number;
}

/** The facts that a follow-up's due time depends on. Times are milliseconds since the epoch. */
export interface Standing {
  type: FollowupType;
  /** An invoice counts from its due date, a quote from its sending. */
  start: number | null;
  /** The day of the start in the organisation's zone. */
  day: string | null;
  /** The number of levels already sent. */
  level: number;
  lastSentAt: number | null;
  pausedUntil: number | null;
}

export type NextDue = { at: number; reason: 'due' } | { at: null; reason: 'no_start' | 'all_levels_sent' };

/**
 * Returns the instant at which the next level is due: the first open hour at or after all of
 * - start + after_days (at least grace_days), in days of the organisation's time zone;
 * - min_gap_days after the real sending of the last mail;
 * - the end of a pause.
 *
 * Returns null with a reason if there is no start or no further level.
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

/** Returns the end of the gap after the last mail, or negative infinity before the first mail. */
export function gapEnd({ lastSentAt }: Standing, { minGapDays, hours }: Rules): number {
  return lastSentAt === null ? Number.NEGATIVE_INFINITY : addDays(lastSentAt, minGapDays, hours.zone);
}

/**
 * Returns a short key of the rules that due times of this type depend on. A follow-up keeps its key, so that a due time
 * of older rules sends no mail early.
 */
export function rulesKey(rules: Rules, type: FollowupType): string {
  const known = keys.get(rules) ?? {};
  const key = known[type] ?? hashRules(rules, type);
  keys.set(rules, { ...known, [type]: key });
  return key;
}

const keys = new WeakMap<Rules, Partial<Record<FollowupType, string>>>();

function hashRules({ levels, hours, minGapDays, graceDays }: Rules, type: FollowupType): string {
  const days = levels[type].map(({ after_days }) => after_days);
  // Without a calendar of its own an organisation keeps the key of earlier versions.
  const calendar = hours.holidays ? [hours.holidays] : [];
  const parts = [days, hours.zone, hours.businessDaysOnly, hours.quiet, minGapDays, graceDays, ...calendar];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 12);
}

/**
 * Returns the key of a due time: of the rules and of the start that gave it. A start that anybody moves makes another
 * key, so that the delay counts again.
 */
export function scheduleKey(standing: Standing, rules: Rules): string {
  return `${rulesKey(rules, standing.type)}@${standing.day ?? ''}`;
}

/** Returns true if a due time has this key. Keys of earlier versions name only the rules. */
export function isScheduledBy(key: string | null, standing: Standing, rules: Rules): boolean {
  if (key === null) return false;
  return key.includes('@') ? key === scheduleKey(standing, rules) : key === rulesKey(rules, standing.type);
}
