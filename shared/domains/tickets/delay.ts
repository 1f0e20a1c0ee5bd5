import { createHash } from 'node:crypto';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * A round that comes a little early still counts as the next one: without this a daily job whose start wavers by minutes
 * would alert every other day. More than a scheduler's jitter (10 minutes), much less than the shortest period.
 */
const REPEAT_TOLERANCE_MS = 15 * 60_000;

/** `settings/alerts`, with the defaults filled in. */
export interface AlertSettings {
  thresholdDays: number;
  repeatHours: number;
  /** Stages that may take longer, or less long. */
  stages: Readonly<Record<string, { thresholdDays: number }>>;
}

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

/** A ticket that is late, and for how long it has been in its stage. */
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
  /** The run that told it. */
  runId: string;
}

export interface AlertQuestion {
  earlier: EarlierAlert | null;
  repeatHours: number;
  /** Bypasses the window, and nothing else. */
  force: boolean;
  /** The occurrence of this run, else its start: what the window is measured with. */
  occurrence: Date;
  runId: string;
}

/**
 * `new`: the first alert of this stay. `suppressed`: alerted within `repeat_hours`; `until` says when the next one is due.
 * `countedAt`: the instant that the next window counts from.
 */
export type AlertDecision =
  | { act: true; reason: 'new' | 'reminder' | 'forced'; sequence: number; countedAt: number }
  | { act: false; reason: 'suppressed'; until: Date };

/**
 * Whether a recipient is told of a late ticket in this run; pure. The window is counted from occurrence to occurrence, so
 * that a run that starts late today does not shorten tomorrow's. A forced alert leaves the window as it was, so that it
 * takes nobody's next reminder away; and a run that is tried again forces nothing twice.
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

/** One stay of one ticket in one stage. Re-entering a stage is another. */
export interface Stay {
  ticketId: string;
  stage: string;
  since: number;
}

/** What an alert is about. */
export interface AlertSubject extends Stay {
  recipient: string;
}

/**
 * The document in `delay_alert_logs` of the alert that a run tells. Creating it is the claim: of several attempts of the
 * same run that decide the same, one can.
 */
export function alertId({ ticketId, stage, since, recipient }: AlertSubject, runId: string): string {
  const key = JSON.stringify([ticketId, stage, since, recipient, runId]);
  return createHash('sha256').update(key).digest('hex').slice(0, 40);
}
