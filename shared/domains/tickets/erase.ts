import { deleting, type PersonalPlace, scrubbing } from '../../doors/erase/erase.ts';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { streamQuery } from '../../doors/store/firestore.ts';
import { alertLogs, stateRef } from './alerts/state.ts';

/** What tickets and their alerts have of a person: as somebody who was told, who moved a ticket, or whose ticket it is. */
export const ticketPlaces: readonly PersonalPlace[] = [
  {
    collection: 'alert_recipients',
    says: 'their place on the list of who is told: deleted',
    async *find({ userId, addresses }, { store }) {
      // Few, and another back end may have written an address in another form: all are looked at.
      for await (const one of streamQuery(store.collection('alert_recipients'))) {
        const address = normaliseAddress(String(one.get('email') ?? '')) ?? '';
        if (one.get('user_id') === userId || addresses.includes(address))
          yield { do: 'delete', ref: one.ref };
      }
    },
  },
  {
    collection: 'delay_alert_logs',
    says: 'alerts that they were sent: deleted; as the one who asked for another alert: taken out',
    async *find(person, context) {
      const logs = alertLogs(context.store);
      yield* deleting(person.addresses, (some) => logs.where('recipient', 'in', some), context);
      // Operators are known by their address, and may have had somebody else told.
      yield* scrubbing(person, logs, context);
    },
  },
  {
    collection: 'delay_alert_states',
    says: 'what they were told last: deleted',
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
    says: 'their name as a customer, where --name gives it: taken out; the ticket is the workshop’s',
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
    says: 'as the one who moved a ticket: taken out',
    find: (person, context) => scrubbing(person, context.store.collectionGroup('events'), context),
  },
];
