import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import * as z from 'zod';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { toJson } from '../../../../shared/doors/store/json.ts';
import { adminRoute } from '../route.ts';
import { nameFollowup, nameMail } from './search.ts';
import type { PersonView } from './views.ts';

/** At most this many documents of each kind are shown. */
const SHOWN = 50;

/**
 * GET `/v1/admin/people/{id}`: a user by id, or anybody by an e-mail address, with the follow-ups and mails of that
 * address. Costs a read per document shown.
 */
export const peopleRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/people/{id}',
    query: z.strictObject({}),
    async handle({ context: { store }, path }): Promise<PersonView> {
      const id = path.id ?? '';
      const user = await findUser(store, id);
      const address = (user?.get('email') as string | undefined) ?? (id.includes('@') ? id : null);
      if (!user && !address)
        throw new HttpError(
          404,
          `There is no user ${JSON.stringify(id)}; give the id of a user or an address.`,
        );
      const [followups, mails] = address ? await readDocuments(store, address) : [[], []];
      return {
        id,
        address,
        user: user ? toUser(user) : null,
        followups: followups.map(nameFollowup),
        mails: [...new Map(mails.map(nameMail).map((mail) => [mail.id, mail])).values()],
      };
    },
  }),
];

async function findUser(store: Firestore, id: string): Promise<DocumentSnapshot | null> {
  const found = await store.doc(`users/${id}`).get();
  if (found.exists || !id.includes('@')) return found.exists ? found : null;
  const { docs } = await store.collection('users').where('email', '==', id).limit(1).get();
  return docs[0] ?? null;
}

async function readDocuments(store: Firestore, address: string) {
  const of = async (collection: string, field: string) =>
    (await store.collection(collection).where(field, '==', address).limit(SHOWN).get()).docs;
  return await Promise.all([of('followups', 'customer.email'), of('inbox_messages', 'from.address')]);
}

function toUser(user: DocumentSnapshot): NonNullable<PersonView['user']> {
  const instant = (field: string) => (toJson(user.get(field) ?? null) as string | null) ?? null;
  return {
    id: user.id,
    email: user.get('email') ?? null,
    display_name: user.get('display_name') ?? null,
    role: user.get('role') ?? null,
    last_activity_at: instant('last_activity_at'),
    logged_out_at: instant('logged_out_at'),
  };
}
