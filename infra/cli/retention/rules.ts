import { personalPlaces } from '../erase/places.ts';

/** How long every collection with personal data is kept, as the places of erasure state it. */
export const RETENTION = Object.fromEntries(
  personalPlaces.map(({ collection, retention }) => [collection, retention]),
);

/** The rules with a choice. */
export const CHOICES = Object.entries(RETENTION).flatMap(([name, rule]) =>
  'kept' in rule ? [] : [{ name, ...rule }],
);
