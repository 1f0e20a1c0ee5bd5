import { Timestamp } from '@google-cloud/firestore';
import { NOW, seed, type World } from './world.ts';

export const DAY_MS = 86_400_000;

/** An instant so many days before NOW. */
export const daysAgo = (days: number) => Timestamp.fromMillis(NOW.getTime() - days * DAY_MS);

/** An active ticket that has been in its stage for so many days, as it is stored. */
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

/** Somebody who is told of late tickets, as stored. */
export const recipient = (email: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: email.split('@')[0],
  email,
  active: true,
  locale: 'en',
  ...more,
});

/** Fills a collection from an object. */
export const fill = (world: World, collection: string, documents: Record<string, object>) =>
  seed(world.store, collection, new Map(Object.entries(documents)));
