import { type PersonalPlace, scrubbing } from '../doors/erase/erase.ts';

/**
 * The ledger names people who requested runs, and those in notes and batches. Answers of the admin API are kept for a day. TTL
 * deletes all of them anyway.
 */
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
  {
    collection: 'idempotency_keys',
    says: 'in answers that are repeated for a request with the same key: taken out',
    retention: { kept: 'one day, by a TTL policy on expires_at' },
    find: (person, context) => scrubbing(person, context.store.collection('idempotency_keys'), context),
  },
];
