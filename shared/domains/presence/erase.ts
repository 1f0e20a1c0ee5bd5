import { deleting, type PersonalPlace } from '../../doors/erase/erase.ts';
import { userRef } from './user.ts';

/** The documents of an account. `forgetUser` deletes its data in Redis. */
export const presencePlaces: readonly PersonalPlace[] = [
  {
    collection: 'login_history',
    says: 'their logins: deleted',
    retention: {
      field: 'login_at',
      usual: 12,
      source: 'CNIL, recommendation on logging: 6 to 12 months',
      isOver: () => true,
    },
    find: ({ userId }, context) =>
      deleting(
        [userId],
        (some) => context.store.collection('login_history').where('user_id', 'in', some),
        context,
      ),
  },
  {
    collection: 'users',
    says: 'their account: deleted',
    retention: { kept: 'as long as the account; ronde erase' },
    async *find({ userId }, { store }) {
      const ref = userRef(store, userId);
      if ((await ref.get()).exists) yield { do: 'delete', ref };
    },
  },
];
