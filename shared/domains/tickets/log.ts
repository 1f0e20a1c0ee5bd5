import { type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { toJson } from '../../doors/store/json.ts';
import { listPageByInstant } from '../../doors/store/list-page.ts';
import type { Position } from '../../doors/store/position.ts';
import { HELD } from './alerts/rows.ts';

/** The states of an alert in the log (contract 6); those of a mail's claim. */
export const ALERT_STATES = ['claimed', 'sending', 'sent', 'failed', 'unknown'] as const;

/** Which alerts are wanted; instants are of the claim, which every state has, `to` is not included. */
export interface LogFilter {
  recipient?: string | undefined;
  ticket?: string | undefined;
  state?: (typeof ALERT_STATES)[number] | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

/**
 * Alerts, newest first. Each of the three equalities has its index (field, claimed_at desc); Firestore joins them for any
 * two or three.
 */
export function alertsOf(store: Firestore, { recipient, ticket, state, from, to }: LogFilter): Query {
  let query: Query = store.collection('delay_alert_logs');
  if (recipient !== undefined) query = query.where('recipient', '==', recipient);
  if (ticket !== undefined) query = query.where('ticket_id', '==', ticket);
  if (state !== undefined) query = query.where('state', '==', state);
  if (from !== undefined) query = query.where('claimed_at', '>=', Timestamp.fromDate(from));
  if (to !== undefined) query = query.where('claimed_at', '<', Timestamp.fromDate(to));
  return query.orderBy('claimed_at', 'desc');
}

/** One page of the log: `limit` + 1 reads at most. Left out: the random mark of a claim's owner, and what it holds. */
export async function listAlerts(
  { store }: { store: Firestore },
  filter: LogFilter,
  limit: number,
  position: Position | null,
): Promise<{ items: object[]; next: Position | null }> {
  const order = { field: 'claimed_at', direction: 'desc' } as const;
  const { docs, next } = await listPageByInstant(alertsOf(store, filter), order, limit, position);
  const items = docs.map((doc) => {
    const { claim: _owner, [HELD]: _held, ...fields } = doc.data();
    return { ...(toJson(fields) as object), id: doc.id };
  });
  return { items, next };
}
