import type { Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import { adminRoute } from '../route.ts';

/** At most this many items of a run are read. */
const MAX_ITEMS = 100;

/** One document that a run has decided about. */
interface RunItem {
  id: string;
  name: string;
  /** The customer or the recipient. */
  who: string | null;
  reason: string;
}

/** The documents that a run has decided about, as far as they say so themselves. */
export interface RunItems {
  items: RunItem[];
  /** True if there are more than these. */
  more: boolean;
}

/**
 * GET `/v1/admin/runs/{id}/items`: the follow-ups in whose history the run stands, and the alerts that it claimed. Costs a
 * read per entry, and another per follow-up.
 */
export const runItemRoutes = [
  adminRoute({
    method: 'GET',
    path: '/v1/admin/runs/{id}/items',
    query: z.strictObject({}),
    async handle({ context: { store }, path }): Promise<RunItems> {
      const run = path.id ?? '';
      const items = [...(await readFollowups(store, run)), ...(await readAlerts(store, run))];
      return { items: items.slice(0, MAX_ITEMS), more: items.length > MAX_ITEMS };
    },
  }),
];

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** Queries what a run did with follow-ups, in order; needs the index (run_id, at) of all `history`. */
export function historyOf(store: Firestore, run: string): Query {
  return store.collectionGroup('history').where('run_id', '==', run).orderBy('at');
}

async function readFollowups(store: Firestore, run: string): Promise<RunItem[]> {
  const entries = await historyOf(store, run)
    .limit(MAX_ITEMS + 1)
    .get();
  const followups = entries.docs.map(({ ref }) => ref.parent.parent);
  const found = followups.filter((ref) => ref !== null);
  const documents = found.length === 0 ? [] : await store.getAll(...found);
  return documents.map((followup, index) => ({
    id: followup.id,
    name: text(followup.get('source_label')) ?? followup.id,
    who: text(followup.get('customer.name')) ?? text(followup.get('customer.email')),
    reason: String(entries.docs[index]?.get('reason')),
  }));
}

async function readAlerts(store: Firestore, run: string): Promise<RunItem[]> {
  const { docs } = await store
    .collection('delay_alert_logs')
    .where('run_id', '==', run)
    .limit(MAX_ITEMS + 1)
    .get();
  return docs.map((alert: QueryDocumentSnapshot) => ({
    id: alert.id,
    name: text(alert.get('ticket_number')) ?? alert.id,
    who: text(alert.get('recipient')),
    reason: String(alert.get('state')),
  }));
}
