import { createHash } from 'node:crypto';

const HOUR_MS = 3_600_000;

/**
 * A run that starts this much early still counts as the next one. Without this, a daily job whose start varies by minutes
 * would alert every other day; a scheduler's jitter is at most 10 minutes.
 */
const REPEAT_TOLERANCE_MS = 15 * 60_000;

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
