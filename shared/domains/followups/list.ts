import { type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { followups } from './followup.ts';
import type { ParkingReason } from './reasons.ts';

/** The lists of follow-ups on the console's page. */
export const VIEWS = ['due', 'unsettled', 'parked', 'sent'] as const;
export type ListView = (typeof VIEWS)[number];

/** Faults that a person fixes in the follow-up or its customer. An uncertain mail is settled instead. */
export const FIXABLE: readonly Exclude<ParkingReason, 'unknown_delivery'>[] = [
  'no_start',
  'no_email',
  'bad_email',
  'bad_locale',
  'no_amount',
  'nothing_due',
  'template_error',
  'address_refused',
  'refused_for_days',
  'message_refused',
];

/** The instant that orders a view, or null if its order is by id. */
export const ORDER: Readonly<Record<ListView, { field: string; direction: 'asc' | 'desc' } | null>> = {
  due: { field: 'next_due_at', direction: 'asc' },
  unsettled: null,
  parked: null,
  sent: { field: 'last_sent_at', direction: 'desc' },
};

/**
 * The follow-ups of a view, of one organisation or of all. Each view by an instant needs an index.
 * - `due`: open with a next mail, soonest first.
 * - `unsettled`: open with an uncertain mail.
 * - `parked`: open with a fault.
 * - `sent`: mailed at least once, latest first.
 */
export function followupsIn(store: Firestore, view: ListView, orgId?: string): Query {
  const all = orgId === undefined ? followups(store) : followups(store).where('org_id', '==', orgId);
  const open = all.where('status', '==', 'open');
  const epoch = Timestamp.fromMillis(0);
  switch (view) {
    case 'due':
      // Null sorts before every instant, so this leaves out follow-ups without a due time.
      return open.where('next_due_at', '>=', epoch).orderBy('next_due_at');
    case 'sent':
      return all.where('last_sent_at', '>=', epoch).orderBy('last_sent_at', 'desc');
    case 'unsettled':
      return open.where('parked.reason', '==', 'unknown_delivery');
    case 'parked':
      return open.where('parked.reason', 'in', FIXABLE);
  }
}
