import { type PersonalPlace, scrubbing } from '../doors/erase/erase.ts';

/** The ledger names people who requested runs, and those in notes and batches. TTL deletes it after ninety days anyway. */
export const runPlaces: readonly PersonalPlace[] = [
  {
    collection: 'task_runs',
    says: 'as the one who asked for a run, and in its notes: taken out',
    retention: { kept: '90 days, by a TTL policy on expires_at' },
    find: (person, context) => scrubbing(person, context.store.collection('task_runs'), context),
  },
  {
    collection: 'batches',
    says: 'as one of those whom a run was about: taken out',
    retention: { kept: '7 days, by a TTL policy on expires_at' },
    find: (person, context) => scrubbing(person, context.store.collectionGroup('batches'), context),
  },
];
