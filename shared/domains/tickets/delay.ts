import { createHash } from 'node:crypto';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * A run that starts this much early still counts as the next one. Without this, a daily job whose start varies by minutes
 * would alert every other day; a scheduler's jitter is at most 10 minutes.
 */
const REPEAT_TOLERANCE_MS = 15 * 60_000;

/** `settings/alerts`, with the defaults filled in. */
export interface AlertSettings {
  thresholdDays: number;
  repeatHours: number;
  /** Stages with a threshold of their own. */
  stages: Readonly<Record<string, { thresholdDays: number }>>;
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
  createdAt: number;
}

/** A `stage_changed` event of a ticket. */
export interface StageChange {
  to: string;
  at: number;
}

/** The instant at which a ticket entered its stage, and the source of it. */
export interface StageEntry {
  since: number;
  source: 'stage_entered_at' | 'events' | 'created_at';
}

/**
 * Returns `stage_entered_at`, else the last event that led into the stage, else the creation. Never uses the last change
 * of the document, which any edit moves.
 */
export function stageEntry(ticket: Ticket, events: readonly StageChange[]): StageEntry {
  if (ticket.stageEnteredAt !== null) return { since: ticket.stageEnteredAt, source: 'stage_entered_at' };
  const entries = events.filter(({ to }) => to === ticket.stage).map(({ at }) => at);
  if (entries.length > 0) return { since: Math.max(...entries), source: 'events' };
  return { since: ticket.createdAt, source: 'created_at' };
}

/** Returns a stage's threshold in days: the run's parameter, else the stage's own, else the general one. */
export function thresholdOf(stage: string, settings: AlertSettings, override?: number): number {
  const own = Object.hasOwn(settings.stages, stage) ? settings.stages[stage]?.thresholdDays : undefined;
  return override ?? own ?? settings.thresholdDays;
}

/** Returns an instant after which no late ticket was created, so that the search finds tickets that lack fields too. */
export function createdBefore(settings: AlertSettings, now: Date, override?: number): Date {
  const all = [settings.thresholdDays, ...Object.values(settings.stages).map((each) => each.thresholdDays)];
  return new Date(now.getTime() - (override ?? Math.min(...all)) * DAY_MS);
}

/** A ticket is late if it is active and strictly longer in its stage than the threshold: 14 d 0 s is not late. */
export function isLate(ticket: Ticket, entry: StageEntry, thresholdDays: number, now: Date): boolean {
  return ticket.status === 'active' && now.getTime() - entry.since > thresholdDays * DAY_MS;
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
}

/** The last alert about one stay of a ticket in a stage, to one recipient. */
export interface EarlierAlert {
  /** 1 for the first alert, 2 for the first reminder, and so on. */
  sequence: number;
  /** The instant the window counts from: its run's occurrence, else that run's start. */
  countedAt: number;
  /** The run that sent it. */
  runId: string;
}

export interface AlertQuestion {
  earlier: EarlierAlert | null;
  repeatHours: number;
  /** Bypasses the window, and nothing else. */
  force: boolean;
  /** The occurrence of this run, else its start. The window is measured from it. */
  occurrence: Date;
  runId: string;
}

/**
 * `new`: the first alert of this stay. `suppressed`: the last alert is younger than `repeat_hours`; the next is due at
 * `until`. The next window counts from `countedAt`.
 */
export type AlertDecision =
  | { act: true; reason: 'new' | 'reminder' | 'forced'; sequence: number; countedAt: number }
  | { act: false; reason: 'suppressed'; until: Date };

/**
 * Decides if this run notifies a recipient of a late ticket; pure.
 * - The window counts from occurrence to occurrence, so a late start today does not shorten tomorrow's.
 * - A forced alert does not move the window, so the next reminder still comes.
 * - A run that is retried forces nothing twice.
 */
export function decideAlert({
  earlier,
  repeatHours,
  force,
  occurrence,
  runId,
}: AlertQuestion): AlertDecision {
  const countedAt = occurrence.getTime();
  if (earlier === null) return { act: true, reason: 'new', sequence: 1, countedAt };
  const sequence = earlier.sequence + 1;
  const until = new Date(earlier.countedAt + repeatHours * HOUR_MS);
  if (countedAt >= until.getTime() - REPEAT_TOLERANCE_MS)
    return { act: true, reason: 'reminder', sequence, countedAt };
  if (force && earlier.runId !== runId)
    return { act: true, reason: 'forced', sequence, countedAt: earlier.countedAt };
  return { act: false, reason: 'suppressed', until };
}

/** One stay of a ticket in a stage. Re-entering a stage is another stay. */
export interface Stay {
  ticketId: string;
  stage: string;
  since: number;
}

/** The subject of an alert. */
export interface AlertSubject extends Stay {
  recipient: string;
}

/**
 * Returns the id of a run's alert in `delay_alert_logs`. Creating the document is the claim, so of several attempts of one
 * run only one succeeds.
 */
export function alertId({ ticketId, stage, since, recipient }: AlertSubject, runId: string): string {
  const key = JSON.stringify([ticketId, stage, since, recipient, runId]);
  return createHash('sha256').update(key).digest('hex').slice(0, 40);
}
