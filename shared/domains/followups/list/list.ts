import { Filter, type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { FOR_GOOD } from '../actions.ts';
import { type Followup, followups, STATUSES } from '../followup.ts';
import { FIXABLE } from '../reasons.ts';

/**
 * The lists of follow-ups:
 * - `next`: it goes by itself at its due time, soonest first.
 * - `waiting`: nothing is wrong, but it needs a word of a person: held, paused without an end, or switched off.
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

/** The organisations of a list, by whether their automatic follow-ups are on. `only`: the list is of one of them. */
export interface ListScope {
  on: readonly string[];
  off: readonly string[];
  only: string | null;
}

/** Reads which organisations are on. One without settings is off. */
export async function readScope(store: Firestore, orgId?: string): Promise<ListScope> {
  const settings = store.collection('billing_settings');
  const isOn = (snapshot: { get(name: string): unknown }) => snapshot.get('auto_followups_enabled') === true;
  if (orgId !== undefined) {
    const own = isOn(await settings.doc(orgId).get());
    return { on: own ? [orgId] : [], off: own ? [] : [orgId], only: orgId };
  }
  const { docs } = await settings.select('auto_followups_enabled').get();
  const ids = (wanted: boolean) => docs.filter((one) => isOn(one) === wanted).map(({ id }) => id);
  return { on: ids(true), off: ids(false), only: null };
}

/** Firestore takes at most 30 values or alternatives in one query. */
const IN_MAX = 30;
const WAITING_MAX = 10;

function chunks(ids: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, index) =>
    ids.slice(index * size, (index + 1) * size),
  );
}

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
      return [all.where('status', '==', 'open').where('parked.reason', 'in', FIXABLE)];
    case 'sent':
      return [all.where('last_sent_at', '>=', EPOCH).orderBy('last_sent_at', 'desc')];
    case 'ended':
      return [all.where('status', 'in', ENDED)];
  }
}

const NEEDS_A_WORD = Filter.or(
  Filter.where('auto_enabled', '==', false),
  Filter.where('parked.reason', '==', 'held'),
  Filter.where('paused_until', '==', ENDLESS),
);

/** Returns true if a follow-up is in a view, as its queries find it. */
export function isInView(followup: Followup, view: ListView, scope: ListScope): boolean {
  const { status, parked, nextDueAt, autoEnabled, orgId, pausedUntil, lastSentAt } = followup;
  const isOpen = status === 'open';
  const isOn = scope.on.includes(orgId);
  switch (view) {
    case 'next':
      return isOpen && isOn && autoEnabled && nextDueAt !== null && nextDueAt < FOR_GOOD;
    case 'waiting':
      return isOpen && (!isOn || !autoEnabled || parked?.reason === 'held' || pausedUntil === FOR_GOOD);
    case 'uncertain':
      return isOpen && parked?.reason === 'unknown_delivery';
    case 'to_fix':
      return isOpen && FIXABLE.some((reason) => reason === parked?.reason);
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
