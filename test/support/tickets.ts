import { Timestamp } from '@google-cloud/firestore';
import { NOW, seed, type World } from './world.ts';

export const DAY_MS = 86_400_000;

/** Returns an instant N days before NOW. */
export const daysAgo = (days: number) => Timestamp.fromMillis(NOW.getTime() - days * DAY_MS);

/** Returns a stored active ticket that has been in its stage for N days. */
export const ticket = (days: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  number: `R-${days}`,
  device: 'Phone',
  customer_name: 'Ada Lovelace',
  status: 'active',
  stage: 'diagnosis',
  stage_entered_at: daysAgo(days),
  created_at: daysAgo(days + 5),
  ...more,
});

/** Returns a stored recipient of delay alerts. */
export const recipient = (email: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: email.split('@')[0],
  email,
  active: true,
  locale: 'en',
  ...more,
});

/** Writes an object's entries as documents of a collection. */
export const fill = (world: World, collection: string, documents: Record<string, object>) =>
  seed(world.store, collection, new Map(Object.entries(documents)));
