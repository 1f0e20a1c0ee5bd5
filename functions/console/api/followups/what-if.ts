import { type DocumentSnapshot, type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import * as z from 'zod';
import { readHolding, withCustomer } from '../../../../shared/domains/followups/customers/customer.ts';
import { claimedSince } from '../../../../shared/domains/followups/find.ts';
import { settingsRef } from '../../../../shared/domains/followups/followup.ts';
import { openFollowups } from '../../../../shared/domains/followups/schedule/walk.ts';
import { billingSettings } from '../../../../shared/domains/followups/schema/billing-settings.ts';
import { type WhatIf, WhatIfWorld } from '../../../../shared/domains/followups/what-if/what-if.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { isStoreError, streamQuery } from '../../../../shared/doors/store/firestore.ts';
import { startOfDay } from '../../../../shared/doors/time/zoned.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import { toConsequences } from './consequences.ts';
import type { WhatIfAnswer } from './views.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** A question reaches this far ahead. */
const MAX_DAYS = 90;
/** Each list has at most this many items; the counts are of all. */
const MAX_ITEMS = 1_000;

const instant = z.iso.datetime({
  offset: true,
  error: 'must be an instant with its offset, such as 2026-03-31T09:00:00Z',
});
const whatIf = z.strictObject({
  org_id: z.string().min(1, 'must be the id of an organisation'),
  settings: billingSettings
    .partial()
    .extend({ confirm_held: z.boolean('must be true or false').optional() })
    .default({}),
  as_of: instant.optional(),
  until: instant.optional(),
});
type Question = z.output<typeof whatIf>;

/**
 * POST `/api/followups/what-if` answers which mails would go with these settings, saved at `as_of`, and what differs from
 * the saved settings. It plays the runs from `as_of` to `until` by their own decisions, and writes nothing.
 */
export const whatIfRoutes = [
  adminRoute({
    method: 'POST',
    path: '/api/followups/what-if',
    body: whatIf,
    handle: ({ context, body }) => answerWhatIf(context, body),
  }),
];

async function answerWhatIf({ store, now }: AdminContext, question: Question): Promise<WhatIfAnswer> {
  const { from, until } = readTime(question, now);
  const stored = await settingsRef(store, question.org_id).get();
  const at = new Date(from);
  const saved = toConsequences(stored, {}, at).after;
  const given = toConsequences(stored, question.settings, at).after;
  const customers = await readHolding(store, [question.org_id]);
  const world = new WhatIfWorld(saved, given, (followup) => withCustomer(store, followup, customers));
  const query = openFollowups(store, question.org_id);
  const isPast = await addAll(store, query, from < now.getTime() - MINUTE_MS ? from : null, (snapshot) =>
    world.add(snapshot, from),
  );
  const today = new Date(startOfDay(from, given.rules.hours.zone));
  const sentToday = (await claimedSince(store, question.org_id, today).count().get()).data().count;
  return toAnswer(world.result({ from, until, sentToday }, MAX_ITEMS), { from, until, isPast });
}

function readTime({ as_of, until }: Question, now: Date): { from: number; until: number } {
  const from = as_of === undefined ? now.getTime() : Date.parse(as_of);
  const end = until === undefined ? from : Date.parse(until);
  const last = now.getTime() + MAX_DAYS * DAY_MS;
  if (from > last || end > last || end < from)
    throw new HttpError(
      400,
      `until ${JSON.stringify(until ?? as_of)} must not be before as_of, nor more than ${MAX_DAYS} days from now.`,
    );
  return { from, until: end };
}

/**
 * Visits the documents of a query: as they were at an instant in the past if Firestore still knows them, else as they are.
 * Returns true if it knew them.
 */
async function addAll(
  store: Firestore,
  query: Query,
  past: number | null,
  add: (snapshot: DocumentSnapshot) => void,
): Promise<boolean> {
  if (past !== null) {
    // Older versions exist for whole minutes only.
    const readTime = Timestamp.fromMillis(Math.floor(past / MINUTE_MS) * MINUTE_MS);
    try {
      const found = await store.runTransaction((transaction) => transaction.get(query), {
        readOnly: true,
        readTime,
      });
      for (const snapshot of found.docs) add(snapshot);
      return true;
    } catch (error) {
      if (!isStoreError(error)) throw error;
    }
  }
  for await (const snapshot of streamQuery(query)) add(snapshot);
  return false;
}

function toAnswer(
  whatIf: WhatIf,
  { from, until, isPast }: { from: number; until: number; isPast: boolean },
): WhatIfAnswer {
  return {
    as_of: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
    snapshot: isPast ? 'as_of' : 'now',
    ...whatIf,
  };
}
