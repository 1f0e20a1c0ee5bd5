import { deleting, type PersonalPlace, scrubbing } from '../../doors/erase/erase.ts';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { streamQuery } from '../../doors/store/firestore.ts';
import { alertLogs, stateRef } from './alerts/state.ts';

/** Places in tickets and alerts that name a person: as recipient, as the one who moved a ticket, or as customer. */
export const ticketPlaces: readonly PersonalPlace[] = [
  {
    collection: 'alert_recipients',
    says: 'their entry on the list of recipients: deleted',
    retention: { kept: 'as long as they receive alerts; ronde erase' },
    async *find({ userId, addresses }, { store }) {
      // Another back end may have written an address in another form, so all of the few recipients are read.
      for await (const one of streamQuery(store.collection('alert_recipients'))) {
        const address = normaliseAddress(String(one.get('email') ?? '')) ?? '';
        if (one.get('user_id') === userId || addresses.includes(address))
          yield { do: 'delete', ref: one.ref };
      }
    },
  },
  {
    collection: 'delay_alert_logs',
    says: 'alerts that they were sent: deleted; as the one who asked for another alert: removed',
    retention: {
      field: 'claimed_at',
      usual: 12,
      source: 'as logins; no decision reads an older one',
      isOver: (snapshot) => ['sent', 'failed', 'unknown'].includes(String(snapshot.get('state'))),
    },
    async *find(person, context) {
      const logs = alertLogs(context.store);
      yield* deleting(person.addresses, (some) => logs.where('recipient', 'in', some), context);
      // An operator is named by address in alerts to others that they forced.
      yield* scrubbing(person, logs, context);
    },
  },
  {
    collection: 'delay_alert_states',
    says: 'their last alerts: deleted',
    retention: { kept: 'one document per address, with its last alert; ronde erase' },
    async *find({ addresses }, { store }) {
      if (addresses.length === 0) return;
      for (const { exists, ref } of await store.getAll(
        ...addresses.map((address) => stateRef(store, address)),
      ))
        if (exists) yield { do: 'delete', ref };
    },
  },
  {
    collection: 'tickets',
    says: 'their name as a customer, if --name gives it: removed; the ticket stays',
    retention: { kept: 'the workshop’s own record' },
    async *find({ names }, { store }) {
      for (const name of names)
        for await (const { ref, updateTime } of streamQuery(
          store.collection('tickets').where('customer_name', '==', name),
        ))
          yield { do: 'anonymise', ref, fields: { customer_name: null }, seen: updateTime };
    },
  },
  {
    collection: 'events',
    says: 'as the one who moved a ticket: removed',
    retention: { kept: 'with their ticket' },
    find: (person, context) => scrubbing(person, context.store.collectionGroup('events'), context),
  },
];
