import { type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { toJson } from '../../doors/store/json.ts';
import { listPageByInstant } from '../../doors/store/list-page.ts';
import type { Position } from '../../doors/store/position.ts';
import { HELD } from './alerts/rows.ts';

/** The states of an alert in the log: those of a mail's claim. */
export const ALERT_STATES = ['claimed', 'sending', 'sent', 'failed', 'unknown'] as const;

export type AlertState = (typeof ALERT_STATES)[number];

/** An alert as the log shows it; instants in ISO 8601. */
export interface AlertView {
  id: string;
  ticket_id: string;
  ticket_number: string;
  stage: string;
  stage_entered_at: string;
  days_in_stage: number;
  recipient: string;
  state: AlertState;
  claimed_at: string;
  sent_at: string | null;
  forced: boolean;
  requested_by?: string;
  /** The address that the mail went to instead (EMAIL_REDIRECT_TO). */
  redirected_to?: string;
  run_id: string;
  message_id?: string;
}

/** A filter of alerts. Instants are those of the claim, which every state has; `to` is excluded. */
export interface LogFilter {
  recipient?: string | undefined;
  ticket?: string | undefined;
  state?: AlertState | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

/**
 * Queries alerts, newest first. Each of the three equalities needs its index (field, claimed_at desc); Firestore joins
 * them.
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

/** Reads one page of the log, without the claim's owner mark and the alerts that it holds. */
export async function listAlerts(
  { store }: { store: Firestore },
  filter: LogFilter,
  limit: number,
  position: Position | null,
): Promise<{ items: AlertView[]; next: Position | null }> {
  const order = { field: 'claimed_at', direction: 'desc' } as const;
  const { docs, next } = await listPageByInstant(alertsOf(store, filter), order, limit, position);
  const items = docs.map((doc) => {
    const { claim: _owner, [HELD]: _held, ...fields } = doc.data();
    return { ...(toJson(fields) as Omit<AlertView, 'id'>), id: doc.id };
  });
  return { items, next };
}
