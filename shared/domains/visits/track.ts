import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { isConflict, millis } from '../../doors/store/firestore.ts';
import {
  activityFields,
  type BeatBody,
  endFields,
  isClosed,
  navigatedFields,
  newVisit,
  type StartBody,
  type StoredVisit,
  signOfLife,
  storedVisit,
  unseenVisit,
} from './visit.ts';

/** Attempts when a tab's report and the sweep race; more lost races than this are a fault. */
const MAX_ATTEMPTS = 8;

export type TrackResult =
  | { result: 'created' | 'existing' | 'updated' }
  /** Another user's visit, or none: the caller does not learn which. */
  | { result: 'unknown' }
  | { result: 'closed' };

export interface TrackContext {
  store: Firestore;
  userId: string;
  now: Date;
}

/**
 * Starts a visit under the browser's id. A repeated start changes nothing. A named previous visit of the same tab closes
 * at this start, which is no earlier than that visit's last sign of life.
 */
export async function startVisit(body: StartBody, context: TrackContext): Promise<TrackResult> {
  const { visit_id, previous_visit_id, ...fields } = body;
  const previous = previous_visit_id === visit_id ? undefined : previous_visit_id;
  const notBefore = previous ? await lastSignOf(previous, body.session_id, context) : undefined;
  const ref = visits(context.store).doc(visit_id);
  const fresh = newVisit(context.userId, fields, context.now, notBefore);
  const created = await ref.create(fresh).then(
    () => true,
    (error: unknown) => {
      if (isConflict(error)) return false;
      throw error;
    },
  );
  const stored = created ? null : await ref.get();
  if (stored && stored.get('user_id') !== context.userId) return { result: 'unknown' };
  const startTime = millis(stored ? stored.get('start_time') : fresh.start_time) ?? context.now.getTime();
  if (previous) await closePrevious(previous, body.session_id, startTime, context);
  return { result: created ? 'created' : 'existing' };
}

/** Returns the end or the last sign of life of the user's visit in the same tab; undefined for any other visit. */
async function lastSignOf(
  id: string,
  sessionId: string,
  { store, userId }: TrackContext,
): Promise<number | undefined> {
  const snapshot = await visits(store).doc(id).get();
  if (snapshot.get('user_id') !== userId || snapshot.get('session_id') !== sessionId) return undefined;
  return millis(snapshot.get('end_time')) ?? storedVisit(snapshot).lastActivityAt;
}

async function closePrevious(
  id: string,
  sessionId: string,
  nextStart: number,
  context: TrackContext,
): Promise<void> {
  await changeVisit(id, context, (snapshot) => {
    if (snapshot.get('session_id') !== sessionId) return null;
    return navigatedFields(storedVisit(snapshot), nextStart, context.now);
  });
}

/** Moves a visit's last sign of life. Creates an unknown visit if the report says enough. */
export async function heartbeat(id: string, body: BeatBody, context: TrackContext): Promise<TrackResult> {
  return applyReport(id, body, context, {
    change: (visit) => ({ ...activityFields(signOfLife(visit, body, context.now)), ...lateTitle(body) }),
    endOfNew: {},
  });
}

/** Ends a visit at the time that the browser reports. Creates an unknown visit, closed at once. */
export async function endVisit(id: string, body: BeatBody, context: TrackContext): Promise<TrackResult> {
  const reason = body.reason ?? 'left';
  return applyReport(id, body, context, {
    change: (visit) => ({
      ...endFields(signOfLife(visit, body, context.now), reason, context.now),
      ...lateTitle(body),
    }),
    endOfNew: endFields(unseenVisit(body, context.now), reason, context.now),
  });
}

const lateTitle = ({ title }: BeatBody) => (title === undefined ? {} : { title });

/** The effect of a report: on the stored visit, or on one that the report itself creates. */
interface ReportEffect {
  change(visit: StoredVisit): Record<string, unknown>;
  endOfNew: Record<string, unknown>;
}

/** Changes the visit, or creates it if the report says enough. */
async function applyReport(
  id: string,
  body: BeatBody,
  context: TrackContext,
  effect: ReportEffect,
): Promise<TrackResult> {
  const change = (snapshot: DocumentSnapshot) => effect.change(storedVisit(snapshot));
  const changed = await changeVisit(id, context, change);
  const { reason: _reason, session_id, path, ...rest } = body;
  if (changed !== 'missing' || session_id === undefined || path === undefined) return toResult(changed);
  try {
    const fresh = newVisit(context.userId, { ...rest, session_id, path }, context.now);
    await visits(context.store)
      .doc(id)
      .create({ ...fresh, ...effect.endOfNew });
    return { result: 'created' };
  } catch (error) {
    if (!isConflict(error)) throw error;
    return toResult(await changeVisit(id, context, change));
  }
}

type Changed = 'updated' | 'closed' | 'missing' | 'foreign';

function toResult(changed: Changed): TrackResult {
  return changed === 'missing' || changed === 'foreign' ? { result: 'unknown' } : { result: changed };
}

/** Changes a visit if nothing changed it since it was read; a lost race reads it again. */
async function changeVisit(
  id: string,
  { store, userId }: TrackContext,
  change: (snapshot: DocumentSnapshot) => Record<string, unknown> | null,
): Promise<Changed> {
  const ref = visits(store).doc(id);
  for (let attempt = 1; ; attempt += 1) {
    const snapshot = await ref.get();
    if (!snapshot.exists || !snapshot.updateTime) return 'missing';
    if (snapshot.get('user_id') !== userId) return 'foreign';
    if (isClosed(snapshot)) return 'closed';
    const fields = change(snapshot);
    if (fields === null) return 'foreign';
    try {
      await ref.update(fields, { lastUpdateTime: snapshot.updateTime });
      return 'updated';
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

const visits = (store: Firestore) => store.collection('page_visits');
