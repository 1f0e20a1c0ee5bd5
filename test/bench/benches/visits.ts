import { type Firestore, Timestamp } from '@google-cloud/firestore';

const FIRST_START = Date.UTC(2024, 0, 1);
const BATCH = 500;
const BATCHES_IN_FLIGHT = 4;

/** Adds `count` visits that have been silent for years, a second apart, in the form that browsers report. */
export async function seedStaleVisits(store: Firestore, count: number): Promise<void> {
  const visits = store.collection('page_visits');
  let next = 0;
  const writer = async () => {
    while (next < count) {
      const from = next;
      next += BATCH;
      const batch = store.batch();
      for (let index = from; index < Math.min(from + BATCH, count); index += 1)
        batch.create(visits.doc(), staleVisit(index));
      await batch.commit();
    }
  };
  await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, writer));
}

function staleVisit(index: number): object {
  const start = FIRST_START + index * 1000;
  return {
    user_id: `user-${index % 997}`,
    session_id: `tab-${index % 4999}`,
    path: `/repairs/${index % 211}`,
    title: 'A repair and what became of it',
    referrer: 'https://www.example.test/repairs',
    start_time: Timestamp.fromMillis(start),
    last_activity_at: Timestamp.fromMillis(start + 90_000),
    engaged_seconds: 42,
    end_time: null,
    duration_seconds: null,
    close_reason: null,
    duration_source: null,
    closed_at: null,
  };
}

/** Returns the number of open visits. */
export async function countOpen(store: Firestore): Promise<number> {
  const open = store.collection('page_visits').where('end_time', '==', null);
  return (await open.count().get()).data().count;
}
