import { Filter, type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { FOR_GOOD } from '../actions.ts';
import { type Followup, followups, STATUSES } from '../followup.ts';
import { FIXABLE, type ParkingReason } from '../reasons.ts';
import { chunks, IN_MAX, type ListScope } from './scope.ts';

/**
 * The lists of follow-ups:
 * - `next`: it goes by itself at its due time, soonest first.
 * - `waiting`: nothing is wrong, but it needs a word of a person: held, paused without an end, switched off, or
 *   its customer is excluded.
 * - `uncertain`: nobody knows if its mail arrived.
 * - `to_fix`: it has a fault.
 * - `sent`: mailed at least once, latest first.
 * - `ended`: paid, accepted, cancelled or stopped.
 */
export const VIEWS = ['next', 'waiting', 'uncertain', 'to_fix', 'sent', 'ended'] as const;
export type ListView = (typeof VIEWS)[number];

const ENDED = STATUSES.filter((status) => status !== 'open');

/** The instant that orders a view, or null if its order is by id. */
export const ORDER: Readonly<Record<ListView, { field: string; direction: 'asc' | 'desc' } | null>> = {
  next: { field: 'next_due_at', direction: 'asc' },
  waiting: null,
  uncertain: null,
  to_fix: null,
  sent: { field: 'last_sent_at', direction: 'desc' },
  ended: null,
};

/** Each organisation of a waiting list has four alternatives, and Firestore takes at most 30. */
const WAITING_MAX = 7;

const EPOCH = Timestamp.fromMillis(0);
const ENDLESS = Timestamp.fromMillis(FOR_GOOD);

/** The queries whose documents together are a view. No document is in two of them. Those by an instant need an index. */
export function viewQueries(store: Firestore, view: ListView, scope: ListScope): Query[] {
  const all = scope.only === null ? followups(store) : followups(store).where('org_id', '==', scope.only);
  const open = followups(store).where('status', '==', 'open');
  switch (view) {
    case 'next':
      return chunks(scope.on, IN_MAX).map((orgIds) =>
        open
          .where('auto_enabled', '==', true)
          .where('org_id', 'in', orgIds)
          .where('next_due_at', '>=', EPOCH)
          .where('next_due_at', '<', ENDLESS)
          .orderBy('next_due_at'),
      );
    case 'waiting':
      return [
        ...chunks(scope.on, WAITING_MAX).map((orgIds) =>
          open.where('org_id', 'in', orgIds).where(NEEDS_A_WORD),
        ),
        ...chunks(scope.off, IN_MAX).map((orgIds) => open.where('org_id', 'in', orgIds)),
      ];
    case 'uncertain':
      return [all.where('status', '==', 'open').where('parked.reason', '==', 'unknown_delivery')];
    case 'to_fix':
      return [
        all.where('status', '==', 'open').where('parked.reason', 'in', FIXABLE),
        all.where('parked.unread', '==', true),
      ];
    case 'sent':
      return [all.where('last_sent_at', '>=', EPOCH).orderBy('last_sent_at', 'desc')];
    case 'ended':
      return [all.where('status', 'in', ENDED)];
  }
}

/** The parkings in which nothing is wrong. */
const SET_ASIDE: readonly ParkingReason[] = ['held', 'customer_excluded'];

const NEEDS_A_WORD = Filter.or(
  Filter.where('auto_enabled', '==', false),
  Filter.where('parked.reason', 'in', SET_ASIDE),
  Filter.where('paused_until', '==', ENDLESS),
);

/** Returns true if a follow-up is in a view, as its queries find it. */
export function isInView(followup: Followup, view: ListView, scope: ListScope): boolean {
  const { status, parked, nextDueAt, autoEnabled, orgId, pausedUntil, lastSentAt } = followup;
  const isOpen = status === 'open';
  const isOn = scope.on.includes(orgId);
  const isSetAside = SET_ASIDE.some((reason) => reason === parked?.reason);
  switch (view) {
    case 'next':
      return isOpen && isOn && autoEnabled && nextDueAt !== null && nextDueAt < FOR_GOOD;
    case 'waiting':
      return isOpen && (!isOn || !autoEnabled || isSetAside || pausedUntil === FOR_GOOD);
    case 'uncertain':
      return isOpen && parked?.reason === 'unknown_delivery';
    case 'to_fix':
      return (isOpen || status === null) && FIXABLE.some((reason) => reason === parked?.reason);
    case 'sent':
      return lastSentAt !== null;
    case 'ended':
      return status !== null && !isOpen;
  }
}

/** The follow-ups that a search may find: those with the beginning of its rarest word. */
export function searchQuery(store: Firestore, token: string, orgId?: string): Query {
  const all = orgId === undefined ? followups(store) : followups(store).where('org_id', '==', orgId);
  return all.where('search', 'array-contains', token);
}

/** Counts the follow-ups of each view. */
export async function countViews(store: Firestore, scope: ListScope): Promise<Record<ListView, number>> {
  const count = async (query: Query) => (await query.count().get()).data().count;
  const counts = await Promise.all(
    VIEWS.map(async (view) => {
      const each = await Promise.all(viewQueries(store, view, scope).map(count));
      return [view, each.reduce((sum, one) => sum + one, 0)] as const;
    }),
  );
  return Object.fromEntries(counts) as Record<ListView, number>;
}
