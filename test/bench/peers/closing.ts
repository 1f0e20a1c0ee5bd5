import { Firestore, type Query, type QueryDocumentSnapshot, Timestamp } from '@google-cloud/firestore';

/** The client as its README says; FIRESTORE_EMULATOR_HOST tells it where to go. */
export const store = new Firestore({ projectId: process.env.GOOGLE_CLOUD_PROJECT ?? '' });

/** The same visits that the task looks for, in the same order. */
export function staleVisits(): Query {
  return store
    .collection('page_visits')
    .where('end_time', '==', null)
    .where('start_time', '<', Timestamp.fromMillis(Date.now() - 30 * 60_000))
    .orderBy('start_time');
}

/** The same fields that the task writes. */
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
