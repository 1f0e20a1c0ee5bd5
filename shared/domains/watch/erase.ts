import { type PersonalPlace, scrubbing } from '../../doors/erase/erase.ts';
import { incidents } from './incident.ts';

/** Incidents name the addresses of mails whose delivery is unknown. */
export const watchPlaces: readonly PersonalPlace[] = [
  {
    collection: 'incidents',
    says: 'as a recipient whom a mail may not have reached: taken out',
    find: (person, context) => scrubbing(person, incidents(context.store), context),
  },
];
