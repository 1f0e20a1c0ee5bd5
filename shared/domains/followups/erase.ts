import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import { type Erasure, type PersonalPlace, scrubbing } from '../../doors/erase/erase.ts';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { streamQuery } from '../../doors/store/firestore.ts';
import { followups } from './followup.ts';

/**
 * What the law keeps of an invoice is the document of the billing system, and of a reminder about it that it was sent:
 * its number, amount and dates stay for ten years (Code de commerce, L123-22), without the name and the address.
 */
const FORGOTTEN = {
  next_due_at: null,
  paused_until: null,
  parked: null,
  auto_enabled: false,
};

/** What follow-ups have of a person: as a customer, and as somebody of the office who decided. */
export const followupPlaces: readonly PersonalPlace[] = [
  {
    collection: 'notices',
    says: 'notices that name their address in their id: deleted; elsewhere: taken out',
    async *find(person, context) {
      // An id cannot be searched for, nor changed.
      for await (const { ref } of streamQuery(context.store.collectionGroup('notices').select()))
        if (person.addresses.some((address) => ref.id.endsWith(`-${address}`))) yield { do: 'delete', ref };
      yield* scrubbing(person, context.store.collectionGroup('notices'), context);
    },
  },
  {
    collection: 'sends',
    says: 'the address of reminders: taken out; that they were sent, when and with which Message-ID stays with the invoice',
    find: (person, context) => scrubbing(person, context.store.collectionGroup('sends'), context),
  },
  {
    collection: 'history',
    says: 'as a customer’s address or as the one who decided: taken out',
    find: (person, context) => scrubbing(person, context.store.collectionGroup('history'), context),
  },
  {
    collection: 'followups',
    says: 'name and address as a customer: taken out, reminders stopped; number, amount and dates are kept with the invoice for ten years (Code de commerce, L123-22)',
    async *find({ addresses }, { store }) {
      if (addresses.length === 0) return;
      // Another back end may have written an address in another form: all are looked at.
      for await (const snapshot of streamQuery(followups(store).select('customer', 'status'))) {
        const address = normaliseAddress(String(snapshot.get('customer.email') ?? '')) ?? '';
        if (!addresses.includes(address)) continue;
        // First what is below it: once its address is gone, it is found no more.
        for (const below of ['history', 'sends'])
          for await (const line of streamQuery(snapshot.ref.collection(below))) yield* withoutTexts(line);
        yield anonymous(snapshot);
      }
    },
  },
];

/** What people and mail servers said about a customer's reminders may name them in any way. */
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
