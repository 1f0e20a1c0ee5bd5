const DAY_MS = 86_400_000;

/** `settings/alerts`, with the defaults filled in. */
export interface AlertSettings {
  thresholdDays: number;
  repeatHours: number;
  /** Stages with a rule of their own. A threshold of null is the general one; an excluded stage is never late. */
  stages: Readonly<Record<string, StageRule>>;
  /** The address of a ticket in the workshop's own application, with `{id}` or `{number}` in it. Null means no link. */
  ticketUrl: string | null;
}

/** The rule of one stage. */
export interface StageRule {
  thresholdDays: number | null;
  excluded: boolean;
}

/** The fields of a ticket that decide its delay. Times are milliseconds since the epoch. */
export interface Ticket {
  id: string;
  number: string;
  device: string;
  customerName: string | null;
  status: 'active' | 'closed' | 'cancelled';
  stage: string;
  stageEnteredAt: number | null;
  /** Null if the stored one cannot be read. The search does not find such a ticket. */
  createdAt: number | null;
  /** The person who works on it. */
  assignee: string | null;
  /** No alert comes before this instant. */
  snoozedUntil: number | null;
  /** The last instant at which it became active again; its time in the stage counts from then at the earliest. */
  reopenedAt: number | null;
}

/** A `stage_changed` event of a ticket. */
export interface StageChange {
  to: string;
  at: number;
}

/** The instant at which a ticket entered its stage, and the source of it. */
export interface StageEntry {
  since: number;
  source: 'stage_entered_at' | 'events' | 'created_at' | 'reopened_at';
}

/**
 * Returns `stage_entered_at`, else the last event that led into the stage, else the creation; or `reopened_at` if that is
 * later. Returns null without any readable instant. Never uses the last change of the document, which any edit moves.
 */
export function stageEntry(ticket: Ticket, events: readonly StageChange[]): StageEntry | null {
  const entry = lastEntryOf(ticket, events);
  const { reopenedAt } = ticket;
  return entry !== null && reopenedAt !== null && reopenedAt > entry.since
    ? { since: reopenedAt, source: 'reopened_at' }
    : entry;
}

function lastEntryOf(ticket: Ticket, events: readonly StageChange[]): StageEntry | null {
  if (ticket.stageEnteredAt !== null) return { since: ticket.stageEnteredAt, source: 'stage_entered_at' };
  const entries = events.filter(({ to }) => to === ticket.stage).map(({ at }) => at);
  if (entries.length > 0) return { since: Math.max(...entries), source: 'events' };
  return ticket.createdAt === null ? null : { since: ticket.createdAt, source: 'created_at' };
}

/** Returns a stage's threshold in days: the run's parameter, else the stage's own, else the general one. */
export function thresholdOf(stage: string, settings: AlertSettings, override?: number): number {
  return override ?? ruleOf(stage, settings)?.thresholdDays ?? settings.thresholdDays;
}

const ruleOf = (stage: string, { stages }: AlertSettings) =>
  Object.hasOwn(stages, stage) ? stages[stage] : undefined;

/** Returns an instant after which no late ticket was created, so that the search finds tickets that lack fields too. */
export function createdBefore(settings: AlertSettings, now: Date, override?: number): Date {
  const own = Object.values(settings.stages).flatMap(({ thresholdDays }) => thresholdDays ?? []);
  const all = [settings.thresholdDays, ...own];
  return new Date(now.getTime() - (override ?? Math.min(...all)) * DAY_MS);
}

/** The reason why a ticket is late or is not. Only the first one is late. */
export type DelayReason =
  | 'over_threshold'
  | 'within_threshold'
  | 'not_active'
  | 'excluded_stage'
  | 'snoozed'
  | 'no_date';

/**
 * Decides if a ticket is late; pure.
 * - Only active tickets are late, and none in an excluded stage.
 * - It must be strictly longer in its stage than the threshold: 14 d 0 s is not late.
 * - A late ticket that is snoozed is late again from `snoozed_until` on.
 */
export function judgeDelay(
  ticket: Ticket,
  entry: StageEntry | null,
  settings: AlertSettings,
  { now, override }: { now: Date; override?: number | undefined },
): DelayReason {
  if (ticket.status !== 'active') return 'not_active';
  if (ruleOf(ticket.stage, settings)?.excluded) return 'excluded_stage';
  if (entry === null) return 'no_date';
  const threshold = thresholdOf(ticket.stage, settings, override);
  if (now.getTime() - entry.since <= threshold * DAY_MS) return 'within_threshold';
  return ticket.snoozedUntil !== null && ticket.snoozedUntil > now.getTime() ? 'snoozed' : 'over_threshold';
}

/** Returns the whole days in the stage, for the mail and the log. */
export function daysInStage(entry: StageEntry, now: Date): number {
  return Math.floor((now.getTime() - entry.since) / DAY_MS);
}

/** A late ticket, and its time in the stage. */
export interface LateTicket {
  ticket: Ticket;
  entry: StageEntry;
  days: number;
  /** The threshold of its stage, in days. */
  threshold: number;
}
