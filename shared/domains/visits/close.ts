import type { Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { Timestamp } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';

/** A visit is at most this long; later reports belong to another one. */
export const MAX_VISIT_MS = 24 * 60 * 60 * 1000;
/** A visit is inactive after this many minutes without a sign of life, unless the caller gives another number. */
export const DEFAULT_INACTIVITY_MINUTES = 30;

/** An open visit that started before the cutoff. Times are milliseconds since the epoch. */
export interface OpenVisit {
  id: string;
  startTime: number;
  lastActivityAt: number;
  /** The stored last sign of life, to the microsecond; null if the start cannot be read. */
  lastSign: Timestamp | null;
  snapshot: QueryDocumentSnapshot;
}

export type CloseReason = 'timeout' | 'max_length';
export type SweepReason = CloseReason | 'still_active' | 'start_unreadable' | 'changed_meanwhile';

/**
 * Queries visits by the original's criterion, so its rows need no migration: open, and started before the cutoff. The
 * oldest come first, so the next run goes on where a budget ended the last. Needs the index (end_time, start_time).
 */
export function openVisitsStartedBefore(store: Firestore, cutoff: Date): Query {
  return store
    .collection('page_visits')
    .where('end_time', '==', null)
    .where('start_time', '<', Timestamp.fromDate(cutoff))
    .orderBy('start_time');
}

/** Reads a visit's document. Without last_activity_at, the start is its only sign of life. */
export function toOpenVisit(snapshot: QueryDocumentSnapshot): OpenVisit {
  const startTime = millis(snapshot.get('start_time')) ?? Number.NaN;
  const activity = millis(snapshot.get('last_activity_at'));
  const later = activity !== null && activity >= startTime;
  const lastSign = Number.isNaN(startTime)
    ? null
    : (snapshot.get(later ? 'last_activity_at' : 'start_time') as Timestamp);
  return { id: snapshot.id, startTime, lastActivityAt: later ? activity : startTime, lastSign, snapshot };
}

/**
 * Decides if an open visit closes. Inactive means strictly more than `inactivityMinutes` since the last sign of life: at
 * exactly 30:00 it stays open. A visit of the greatest length always closes.
 */
export function decideClose(
  visit: Pick<OpenVisit, 'startTime' | 'lastActivityAt'>,
  inactivityMinutes: number,
  now: Date,
): { act: true; reason: CloseReason } | { act: false; reason: 'still_active' | 'start_unreadable' } {
  if (Number.isNaN(visit.startTime)) return { act: false, reason: 'start_unreadable' };
  if (visit.lastActivityAt - visit.startTime >= MAX_VISIT_MS) return { act: true, reason: 'max_length' };
  const silentMs = now.getTime() - visit.lastActivityAt;
  return silentMs > inactivityMinutes * 60_000
    ? { act: true, reason: 'timeout' }
    : { act: false, reason: 'still_active' };
}

/**
 * Returns the fields that close a visit at an earlier instant. Only `closed_at` shows the time of the sweep. The duration
 * is 0 and inferred if the start is the only sign of life.
 */
export function closingFields(
  visit: { startTime: number; endTime: number; lastSign?: Timestamp | null },
  reason: string,
  now: Date,
): {
  end_time: Timestamp;
  duration_seconds: number;
  duration_source: string;
  close_reason: string;
  closed_at: Timestamp;
} {
  const endTime = Math.min(visit.endTime, visit.startTime + MAX_VISIT_MS);
  const stored = visit.lastSign?.toMillis() === endTime ? visit.lastSign : null;
  return {
    end_time: stored ?? Timestamp.fromMillis(endTime),
    duration_seconds: (endTime - visit.startTime) / 1000,
    duration_source: endTime > visit.startTime ? 'measured' : 'inferred',
    close_reason: reason,
    closed_at: Timestamp.fromDate(now),
  };
}
