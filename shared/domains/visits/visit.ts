import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import * as z from 'zod';
import { millis } from '../../doors/store/firestore.ts';
import { closingFields, DEFAULT_INACTIVITY_MINUTES, MAX_VISIT_MS } from './close.ts';

/** Elapsed time in whole milliseconds, as the browser reports it; impossible times are clamped later. */
const elapsed = z
  .number()
  .min(0, 'must be milliseconds, 0 or more')
  .finite()
  .transform((ms) => Math.floor(ms))
  .optional();

/** A text for Firestore, which refuses halves of surrogate pairs. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .transform((value) => value.toWellFormed());

/**
 * The body of a start. `elapsed_ms` runs from the visit's start to its last sign of life. `age_ms` runs from that start to
 * the sending of a delayed report (offline). Both are by the browser's clock.
 */
export const startBody = z.strictObject({
  visit_id: z.guid('must be a UUID made by the browser'),
  session_id: text(200).refine((value) => value !== '', 'must not be empty'),
  path: text(2048).refine((value) => value !== '', 'must not be empty'),
  title: text(500).optional(),
  referrer: text(2048).optional(),
  previous_visit_id: z.guid('must be a UUID').optional(),
  elapsed_ms: elapsed,
  engaged_ms: elapsed,
  age_ms: elapsed,
});

/**
 * The body of a heartbeat or an end. With path and session_id it also creates an unknown visit. A title replaces the one
 * before, since pages set it late.
 */
export const beatBody = z.strictObject({
  session_id: startBody.shape.session_id.optional(),
  path: startBody.shape.path.optional(),
  title: startBody.shape.title,
  referrer: startBody.shape.referrer,
  elapsed_ms: elapsed,
  engaged_ms: elapsed,
  age_ms: elapsed,
  reason: z.enum(['navigated', 'left', 'logout'], 'must be navigated, left or logout').optional(),
});

export type StartBody = z.infer<typeof startBody>;
export type BeatBody = z.infer<typeof beatBody>;

/** A stored visit that is still open. Times are milliseconds since the epoch. */
export interface StoredVisit {
  startTime: number;
  lastActivityAt: number;
  engagedSeconds: number;
}

/** Returns true if a visit's document has an end. */
export function isClosed(snapshot: DocumentSnapshot): boolean {
  return millis(snapshot.get('end_time')) !== null;
}

/** Reads a stored visit. Without a later sign of life, its start counts. */
export function storedVisit(snapshot: DocumentSnapshot): StoredVisit {
  const startTime = millis(snapshot.get('start_time')) ?? 0;
  const lastActivityAt = Math.max(millis(snapshot.get('last_activity_at')) ?? startTime, startTime);
  return { startTime, lastActivityAt, engagedSeconds: Number(snapshot.get('engaged_seconds') ?? 0) };
}

/**
 * Returns a new visit, dated by the server's clock.
 * - It began `age_ms` (else `elapsed_ms`) before now, at most the greatest length of a visit.
 * - It was last alive `elapsed_ms` after that.
 * - It begins no earlier than `notBefore`, the last sign of life of the tab's previous visit, so visits never overlap.
 */
export function unseenVisit(
  body: Pick<BeatBody, 'elapsed_ms' | 'engaged_ms' | 'age_ms'>,
  now: Date,
  notBefore = Number.NEGATIVE_INFINITY,
): StoredVisit {
  const elapsedMs = Math.min(body.elapsed_ms ?? 0, MAX_VISIT_MS);
  const age = Math.min(Math.max(body.age_ms ?? 0, elapsedMs), MAX_VISIT_MS);
  const began = now.getTime() - age;
  const startTime = Math.min(Math.max(began, notBefore), now.getTime());
  const lastActivityAt = Math.max(began + elapsedMs, startTime);
  return {
    startTime,
    lastActivityAt,
    engagedSeconds: engaged(body.engaged_ms, 0, lastActivityAt - startTime),
  };
}

/** Returns the document of a new visit. */
export function newVisit(
  userId: string,
  body: Omit<StartBody, 'visit_id' | 'previous_visit_id'>,
  now: Date,
  notBefore?: number,
): Record<string, unknown> {
  const visit = unseenVisit(body, now, notBefore);
  return {
    user_id: userId,
    session_id: body.session_id,
    path: body.path,
    ...(body.title === undefined ? {} : { title: body.title }),
    ...(body.referrer === undefined ? {} : { referrer: body.referrer }),
    start_time: Timestamp.fromMillis(visit.startTime),
    ...activityFields(visit),
    end_time: null,
    duration_seconds: null,
    close_reason: null,
    duration_source: null,
    closed_at: null,
  };
}

/**
 * Applies a sign of life. Activity moves to start + elapsed_ms (else to now), never back, and never past now or the
 * greatest length of a visit. Engaged time never exceeds the visit's duration.
 */
export function signOfLife(
  visit: StoredVisit,
  body: Pick<BeatBody, 'elapsed_ms' | 'engaged_ms'>,
  now: Date,
): StoredVisit {
  const latest = Math.max(visit.lastActivityAt, Math.min(now.getTime(), visit.startTime + MAX_VISIT_MS));
  const reported = body.elapsed_ms === undefined ? latest : visit.startTime + body.elapsed_ms;
  const lastActivityAt = Math.min(Math.max(reported, visit.lastActivityAt), latest);
  const engagedSeconds = engaged(body.engaged_ms, visit.engagedSeconds, lastActivityAt - visit.startTime);
  return { startTime: visit.startTime, lastActivityAt, engagedSeconds };
}

function engaged(reportedMs: number | undefined, storedSeconds: number, durationMs: number): number {
  return Math.max(storedSeconds, Math.min(reportedMs ?? 0, durationMs) / 1000);
}

/** Returns the fields that a sign of life changes. */
export function activityFields(visit: StoredVisit): Record<string, unknown> {
  return {
    last_activity_at: Timestamp.fromMillis(visit.lastActivityAt),
    engaged_seconds: visit.engagedSeconds,
  };
}

/** Returns the fields that end a visit at its last sign of life. */
export function endFields(visit: StoredVisit, reason: string, now: Date): Record<string, unknown> {
  const closing = closingFields({ startTime: visit.startTime, endTime: visit.lastActivityAt }, reason, now);
  return { ...activityFields(visit), ...closing };
}

/**
 * Returns the fields that close a visit when its tab shows another page. It ends when the next visit begins. After a
 * longer silence, or at its greatest length, it ends as the sweep would have ended it, however often the sweep runs.
 */
export function navigatedFields(visit: StoredVisit, nextStart: number, now: Date): Record<string, unknown> {
  const silentMs = nextStart - visit.lastActivityAt;
  if (silentMs > DEFAULT_INACTIVITY_MINUTES * 60_000) return endFields(visit, 'timeout', now);
  const until = Math.min(nextStart, visit.startTime + MAX_VISIT_MS);
  const lastActivityAt = Math.max(visit.lastActivityAt, until);
  const reason = lastActivityAt - visit.startTime >= MAX_VISIT_MS ? 'max_length' : 'navigated';
  return endFields({ ...visit, lastActivityAt }, reason, now);
}
