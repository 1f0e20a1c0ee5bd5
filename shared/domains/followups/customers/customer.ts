import { createHash } from 'node:crypto';
import type { DocumentReference, Firestore } from '@google-cloud/firestore';
import { normaliseAddress } from '../../../doors/mail/address.ts';
import { streamQuery } from '../../../doors/store/firestore.ts';
import type { Followup } from '../followup.ts';
import { type BillingCustomer, toBillingCustomer } from './billing-customer.ts';

/** The document of a customer, who is an address within an organisation. */
export function customerRef(store: Firestore, orgId: string, address: string): DocumentReference {
  const id = createHash('sha256')
    .update(JSON.stringify([orgId, address]))
    .digest('hex');
  return store.collection('billing_customers').doc(id);
}

/** The document of a follow-up's customer, or null if it has no usable address. */
function customerRefOf(store: Firestore, { orgId, customer }: Followup): DocumentReference | null {
  const address = normaliseAddress(customer.email ?? '');
  return address === null ? null : customerRef(store, orgId, address);
}

/** The customers that hold something, by the id of their document. */
export type Customers = ReadonlyMap<string, BillingCustomer>;

/** Firestore takes at most this many values for `in`. */
const IN_MAX = 30;

/** Reads the customers of these organisations whose document delays or ends reminders. Most have none. */
export async function readHolding(store: Firestore, orgIds: readonly string[]): Promise<Customers> {
  const found = new Map<string, BillingCustomer>();
  for (let begin = 0; begin < orgIds.length; begin += IN_MAX) {
    const query = store
      .collection('billing_customers')
      .where('org_id', 'in', orgIds.slice(begin, begin + IN_MAX))
      .where('holds', '==', true);
    for await (const snapshot of streamQuery(query)) {
      const customer = toBillingCustomer(snapshot);
      if (customer) found.set(snapshot.id, customer);
    }
  }
  return found;
}

/** Returns a follow-up with what its organisation says about the customer. */
export function withCustomer(store: Firestore, followup: Followup, customers: Customers): Followup {
  if (customers.size === 0) return followup;
  const billing = customers.get(customerRefOf(store, followup)?.id ?? '') ?? null;
  return { ...followup, billing };
}

/** Reads the customers of these follow-ups afresh, and returns the follow-ups with them. */
export async function readCustomers(store: Firestore, followups: readonly Followup[]): Promise<Followup[]> {
  const refs = followups.map((followup) => customerRefOf(store, followup));
  const wanted = new Map(refs.flatMap((ref) => (ref ? [[ref.id, ref]] : [])));
  if (wanted.size === 0) return [...followups];
  const snapshots = await store.getAll(...wanted.values());
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, toBillingCustomer(snapshot)]));
  return followups.map((followup, index) => ({
    ...followup,
    billing: byId.get(refs[index]?.id ?? '') ?? null,
  }));
}
