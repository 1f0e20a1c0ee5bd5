import { type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { followups } from './followup.ts';
import type { ParkingReason } from './reasons.ts';

/** The lists that a person looks at. */
export const VIEWS = ['due', 'unsettled', 'parked', 'sent'] as const;
export type View = (typeof VIEWS)[number];

/** Faults that somebody has to mend in the follow-up or its customer; an unknown delivery is settled instead. */
const MENDED: readonly Exclude<ParkingReason, 'unknown_delivery'>[] = [
  'no_start',
  'no_email',
  'bad_email',
  'bad_locale',
  'no_amount',
  'nothing_due',
  'template_error',
  'address_refused',
];

/** The instant by which a view is ordered; null where it is ordered by id. */
export const ORDER: Readonly<Record<View, { field: string; direction: 'asc' | 'desc' } | null>> = {
  due: { field: 'next_due_at', direction: 'asc' },
  unsettled: null,
  parked: null,
  sent: { field: 'last_sent_at', direction: 'desc' },
};

/**
 * The follow-ups of a view, of one organisation or of all: `due` has a next mail, soonest first; `unsettled` an unknown
 * delivery; `parked` a fault; `sent` has been mailed, latest first. The views by an instant need an index each.
 */
export function followupsIn(store: Firestore, view: View, orgId?: string): Query {
  const all = orgId === undefined ? followups(store) : followups(store).where('org_id', '==', orgId);
  const open = all.where('status', '==', 'open');
  const epoch = Timestamp.fromMillis(0);
  switch (view) {
    case 'due':
      // A null sorts before every instant, and is no due time.
      return open.where('next_due_at', '>=', epoch).orderBy('next_due_at');
    case 'sent':
      return all.where('last_sent_at', '>=', epoch).orderBy('last_sent_at', 'desc');
    case 'unsettled':
      return open.where('parked.reason', '==', 'unknown_delivery');
    case 'parked':
      return open.where('parked.reason', 'in', MENDED);
  }
}
