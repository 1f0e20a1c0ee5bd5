import { deleting, type PersonalPlace } from '../../doors/erase/erase.ts';
import { userRef } from './user.ts';

/** The documents of an account. `forgetUser` deletes its data in Redis. */
export const presencePlaces: readonly PersonalPlace[] = [
  {
    collection: 'login_history',
    says: 'their logins: deleted',
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
    async *find({ userId }, { store }) {
      const ref = userRef(store, userId);
      if ((await ref.get()).exists) yield { do: 'delete', ref };
    },
  },
];
