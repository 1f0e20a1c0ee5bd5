import { createHash } from 'node:crypto';
import { resume, type StandingClaim } from '../mail/claims.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * A round that comes a little early still counts as the next one: without this a daily job whose start wavers by minutes
 * would alert every other day. More than a scheduler's jitter (10 minutes), much less than the shortest period.
 */
const REPEAT_TOLERANCE_MS = 15 * 60_000;

/** `settings/alerts`, with the defaults of the original. */
export interface AlertSettings {
  thresholdDays: number;
  repeatHours: number;
  /** Stages that may take longer, or less long. */
  stages: Readonly<Record<string, { thresholdDays: number }>>;
}
export const DEFAULT_ALERTS: AlertSettings = { thresholdDays: 14, repeatHours: 24, stages: {} };

/** A ticket as its delay is judged. Times are milliseconds since the epoch. */
export interface Ticket {
  id: string;
  number: string;
  device: string;
  customerName: string | null;
  status: 'active' | 'closed' | 'cancelled';
  stage: string;
  stageEnteredAt: number | null;
  createdAt: number;
}

/** A `stage_changed` event of a ticket. */
export interface StageChange {
  to: string;
  at: number;
}

/** Since when a ticket is in its stage, and how that is known. */
export interface StageEntry {
  since: number;
  source: 'stage_entered_at' | 'events' | 'created_at';
}

/**
 * `stage_entered_at`, else the last event that led into the present stage, else the creation; never the last change of
 * the document, which any edit moves.
 */
export function stageEntry(ticket: Ticket, events: readonly StageChange[]): StageEntry {
  if (ticket.stageEnteredAt !== null) return { since: ticket.stageEnteredAt, source: 'stage_entered_at' };
  const entries = events.filter(({ to }) => to === ticket.stage).map(({ at }) => at);
  if (entries.length > 0) return { since: Math.max(...entries), source: 'events' };
  return { since: ticket.createdAt, source: 'created_at' };
}

/** A stage's threshold in days: the caller's own for this run, else the stage's, else the general one. */
export function thresholdOf(stage: string, settings: AlertSettings, override?: number): number {
  const own = Object.hasOwn(settings.stages, stage) ? settings.stages[stage]?.thresholdDays : undefined;
  return override ?? own ?? settings.thresholdDays;
}

/** No late ticket was created after this instant: what the search can be limited by, whatever fields a ticket lacks. */
export function createdBefore(settings: AlertSettings, now: Date, override?: number): Date {
  const all = [settings.thresholdDays, ...Object.values(settings.stages).map((each) => each.thresholdDays)];
  return new Date(now.getTime() - (override ?? Math.min(...all)) * DAY_MS);
}

/** Whether a ticket is late: active, and strictly longer in its stage than the threshold. 14 d 0 s is not late. */
export function isLate(ticket: Ticket, entry: StageEntry, thresholdDays: number, now: Date): boolean {
  return ticket.status === 'active' && now.getTime() - entry.since > thresholdDays * DAY_MS;
}

/** Whole days in the stage, as the mail and the log say them. */
export function daysInStage(entry: StageEntry, now: Date): number {
  return Math.floor((now.getTime() - entry.since) / DAY_MS);
}

/** The last alert about one stay of a ticket in a stage, to one recipient. */
export interface EarlierAlert {
  /** 1 for the first alert, 2 for the first reminder, and so on. */
  sequence: number;
  /** The instant the window counts from: its run's occurrence, else that run's start. */
  countedAt: number;
  claim: StandingClaim;
}

export interface AlertQuestion {
  earlier: EarlierAlert | null;
  repeatHours: number;
  /** Bypasses the window, and nothing else. */
  force: boolean;
  /** The occurrence of this run, else its start: what the window is measured with. */
  occurrence: Date;
  /** The clock, for the lease of a claim. */
  now: Date;
}

export type AlertReason =
  /** The first alert of this stay in the stage. */
  | 'new'
  | 'reminder'
  | 'forced'
  /** The earlier alert's process died before its mail began: the same alert is tried again. */
  | 'resumed'
  /** Alerted within `repeat_hours`; `until` says when the next one is due. */
  | 'suppressed'
  /** Another run is sending it. */
  | 'in_flight'
  /** The earlier alert's process died in mid-mail: to be settled as unknown. */
  | 'orphaned';

export type AlertDecision =
  | { act: true; reason: 'new' | 'reminder' | 'forced' | 'resumed'; sequence: number }
  | { act: false; reason: 'suppressed'; until: Date }
  | { act: false; reason: 'in_flight' | 'orphaned' };

/**
 * Whether a recipient is told of a late ticket in this run; pure. The window is counted from occurrence to occurrence, so
 * that a run that starts late today does not shorten tomorrow's.
 */
export function decideAlert({ earlier, repeatHours, force, occurrence, now }: AlertQuestion): AlertDecision {
  if (earlier === null) return { act: true, reason: 'new', sequence: 1 };
  const todo = resume(earlier.claim, now);
  if (todo === 'wait') return { act: false, reason: 'in_flight' };
  if (todo === 'unknown') return { act: false, reason: 'orphaned' };
  if (todo === 'take') return { act: true, reason: 'resumed', sequence: earlier.sequence };
  const next = { act: true, sequence: earlier.sequence + 1 } as const;
  const until = new Date(earlier.countedAt + repeatHours * HOUR_MS);
  if (occurrence.getTime() >= until.getTime() - REPEAT_TOLERANCE_MS) return { ...next, reason: 'reminder' };
  return force ? { ...next, reason: 'forced' } : { act: false, reason: 'suppressed', until };
}

/** What an alert is about: one stay of one ticket in one stage, one recipient. Re-entering a stage is another. */
export interface AlertSubject {
  ticketId: string;
  stage: string;
  since: number;
  recipient: string;
}

/**
 * The document of an alert in `delay_alert_logs`. Creating it is the claim: of several runs that decide the same, one can.
 */
export function alertId({ ticketId, stage, since, recipient }: AlertSubject, sequence: number): string {
  const key = JSON.stringify([ticketId, stage, since, recipient, sequence]);
  return createHash('sha256').update(key).digest('hex').slice(0, 40);
}
