import { deleting, type PersonalPlace } from '../../doors/erase/erase.ts';

/** Visits show the pages that a person read, and no law requires to keep them. */
export const visitPlaces: readonly PersonalPlace[] = [
  {
    collection: 'page_visits',
    says: 'the pages they saw: deleted',
    retention: {
      field: 'start_time',
      usual: 25,
      source: 'CNIL, audience measurement: at most 25 months',
      isOver: (snapshot) => (snapshot.get('end_time') ?? null) !== null,
    },
    find: ({ userId }, context) =>
      deleting(
        [userId],
        (some) => context.store.collection('page_visits').where('user_id', 'in', some),
        context,
      ),
  },
];
