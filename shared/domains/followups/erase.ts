import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import { type Erasure, type PersonalPlace, scrubbing } from '../../doors/erase/erase.ts';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { streamQuery } from '../../doors/store/firestore.ts';
import { followups } from './followup.ts';

/**
 * The law keeps an invoice's number, amount, dates and reminders for ten years (Code de commerce, L123-22). So erasure
 * only removes the name and address, and resets these fields.
 */
const FORGOTTEN = {
  next_due_at: null,
  paused_until: null,
  parked: null,
  auto_enabled: false,
  search: [],
  bounced_address: null,
  document_url: null,
  payment_url: null,
};

/** The places where follow-ups name a person, as a customer or as the colleague who decided. */
export const followupPlaces: readonly PersonalPlace[] = [
  {
    collection: 'notices',
    says: 'notices whose id contains the address: deleted; in other notices the address is removed',
    retention: { kept: 'with what they are about' },
    async *find(person, context) {
      // Firestore can neither search nor change a part of an id, so every id is read.
      for await (const { ref } of streamQuery(context.store.collectionGroup('notices').select()))
        if (person.addresses.some((address) => ref.id.endsWith(`-${address}`))) yield { do: 'delete', ref };
      yield* scrubbing(person, context.store.collectionGroup('notices'), context);
    },
  },
  {
    collection: 'sends',
    says: 'the address of reminders: removed; their time and Message-ID stay with the invoice',
    retention: { kept: 'with their follow-up' },
    find: (person, context) => scrubbing(person, context.store.collectionGroup('sends'), context),
  },
  {
    collection: 'history',
    says: 'the customer’s address and the name of the person who decided: removed',
    retention: { kept: 'with their follow-up' },
    find: (person, context) => scrubbing(person, context.store.collectionGroup('history'), context),
  },
  {
    collection: 'billing_customers',
    says: 'what an organisation noted about the customer, with the address: deleted; a copy’s address and texts: removed',
    retention: { kept: 'until it is deleted, by a person or by an erasure' },
    async *find(person, context) {
      const { store } = context;
      for (const address of person.addresses)
        for await (const { ref } of streamQuery(
          store.collection('billing_customers').where('email', '==', address).select(),
        ))
          yield { do: 'delete', ref };
      yield* scrubbing(person, store.collection('billing_customers'), context);
    },
  },
  {
    collection: 'followups',
    says: 'the customer’s name and address: removed, reminders stopped; number, amount and dates stay with the invoice for ten years (Code de commerce, L123-22)',
    retention: { kept: 'with the invoice, ten years (Code de commerce, L123-22)' },
    async *find({ addresses }, { store }) {
      if (addresses.length === 0) return;
      // Another back end may have written an address in another form, so every follow-up is read.
      for await (const snapshot of streamQuery(followups(store).select('customer', 'status'))) {
        const address = normaliseAddress(String(snapshot.get('customer.email') ?? '')) ?? '';
        if (!addresses.includes(address)) continue;
        // Documents below come first: without its address, a second call would not find this follow-up.
        for (const below of ['history', 'sends'])
          for await (const line of streamQuery(snapshot.ref.collection(below))) yield* withoutTexts(line);
        yield anonymous(snapshot);
      }
    },
  },
];

/** Removes free texts of people and mail servers, which may contain the customer's name. */
function* withoutTexts(line: QueryDocumentSnapshot): Generator<Erasure> {
  const texts = ['detail', 'response', 'to'].filter((name) => typeof line.get(name) === 'string');
  const fields = Object.fromEntries(texts.map((name) => [name, null]));
  if (texts.length > 0) yield { do: 'anonymise', ref: line.ref, fields, seen: line.updateTime };
}

function anonymous(snapshot: QueryDocumentSnapshot): Erasure {
  const locale: unknown = snapshot.get('customer.locale') ?? null;
  const stopped = snapshot.get('status') === 'open' ? { status: 'stopped', stop_reason: 'erased' } : {};
  const customer = { name: null, email: null, locale };
  return {
    do: 'anonymise',
    ref: snapshot.ref,
    fields: { ...FORGOTTEN, ...stopped, customer },
    seen: snapshot.updateTime,
  };
}
