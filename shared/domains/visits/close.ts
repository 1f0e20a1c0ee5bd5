import type { Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { Timestamp } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';

/** A visit is at most this long; what comes later belongs to another one. */
export const MAX_VISIT_MS = 24 * 60 * 60 * 1000;
/** After this long without a sign of life a visit is inactive, unless the caller says otherwise. */
export const DEFAULT_INACTIVITY_MINUTES = 30;

/** An open visit that started before the cutoff, as the sweep sees it. Times are milliseconds since the epoch. */
export interface OpenVisit {
  id: string;
  startTime: number;
  lastActivityAt: number;
  /** The last sign of life as it is stored, to the microsecond; null where the start itself cannot be read. */
  lastSign: Timestamp | null;
  snapshot: QueryDocumentSnapshot;
}

export type CloseReason = 'timeout' | 'max_length';
export type SweepReason = CloseReason | 'still_active' | 'start_unreadable' | 'changed_meanwhile';

/**
 * The original's own criterion: open, and started before the cutoff. Its rows need no migration. Oldest first, so that a
 * run that its budget ended early goes on where it stopped. Needs the index (end_time, start_time) of page_visits.
 */
export function openVisitsStartedBefore(store: Firestore, cutoff: Date): Query {
  return store
    .collection('page_visits')
    .where('end_time', '==', null)
    .where('start_time', '<', Timestamp.fromDate(cutoff))
    .orderBy('start_time');
}

/** Reads a visit's document; where last_activity_at is absent or null, the start is the only sign of life. */
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
 * Whether to close an open visit, and why. Inactive means strictly more than `inactivityMinutes` since the last sign of
 * life: at exactly 30:00 it stays open. A visit that reached its greatest length closes whatever its activity.
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
 * The fields that close a visit at an instant of its own past. When the sweep came shows only in `closed_at`.
 * A visit whose only sign of life is its start has a duration of 0 that nobody measured: it is inferred.
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
