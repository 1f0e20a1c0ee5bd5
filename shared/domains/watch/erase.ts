import { type PersonalPlace, scrubbing } from '../../doors/erase/erase.ts';
import { incidents } from './incident.ts';

/** Incidents name the addresses of mails whose delivery is unknown. */
export const watchPlaces: readonly PersonalPlace[] = [
  {
    collection: 'incidents',
    says: 'as a recipient whom a mail may not have reached: taken out',
    retention: {
      field: 'opened_at',
      usual: 12,
      source: 'as logins',
      isOver: (snapshot) => (snapshot.get('recovered_at') ?? null) !== null,
      below: ['notices'],
    },
    find: (person, context) => scrubbing(person, incidents(context.store), context),
  },
];
