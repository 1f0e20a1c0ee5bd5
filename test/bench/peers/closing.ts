import { Firestore, type Query, type QueryDocumentSnapshot, Timestamp } from '@google-cloud/firestore';

/** The client by its README; FIRESTORE_EMULATOR_HOST gives its address. */
export const store = new Firestore({ projectId: process.env.GOOGLE_CLOUD_PROJECT ?? '' });

/** Queries the same visits as the task, in the same order. */
export function staleVisits(): Query {
  return store
    .collection('page_visits')
    .where('end_time', '==', null)
    .where('start_time', '<', Timestamp.fromMillis(Date.now() - 30 * 60_000))
    .orderBy('start_time');
}

/** Returns the same fields that the task writes. */
export function closing(visit: QueryDocumentSnapshot): Record<string, unknown> {
  const start = visit.get('start_time') as Timestamp;
  const end = visit.get('last_activity_at') as Timestamp;
  return {
    end_time: end,
    duration_seconds: (end.toMillis() - start.toMillis()) / 1000,
    duration_source: 'measured',
    close_reason: 'timeout',
    closed_at: Timestamp.now(),
  };
}
