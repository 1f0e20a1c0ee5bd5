import type { Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { listPageByInstant } from '../../doors/store/list-page.ts';
import { type Position, positionOf } from '../../doors/store/position.ts';
import { createdBefore, thresholdOf } from './delay.ts';
import { readRules, type TicketReadContext, type TicketView, toFields, toView } from './ticket-view.ts';

const OLDEST_FIRST = { field: 'created_at', direction: 'asc' } as const;
/** A page of late tickets reads this many tickets at a time, and at most MAX_SCANNED; the next page goes on there. */
const SCAN_STEP = 200;
const MAX_SCANNED = 2_000;
/** The newest events in the answer about one ticket. */
const SHOWN_EVENTS = 50;

export interface TicketFilter {
  status?: string | undefined;
  stage?: string | undefined;
}

export interface TicketPage {
  items: TicketView[];
  next: Position | null;
}

/** Queries tickets, oldest first. Each filter needs its index (status or stage, created_at); Firestore joins both. */
export function ticketsOf(store: Firestore, { status, stage }: TicketFilter): Query {
  let query: Query = store.collection('tickets');
  if (status !== undefined) query = query.where('status', '==', status);
  if (stage !== undefined) query = query.where('stage', '==', stage);
  return query.orderBy('created_at');
}

/** Queries the active tickets that may be late: those created before the cutoff. */
export function maybeLate(store: Firestore, stage: string | undefined, before: Date): Query {
  return ticketsOf(store, { status: 'active', stage }).where('created_at', '<', before);
}

/**
 * Reads one page of tickets. Costs `limit` + 1 tickets, the settings, and one event per ticket without
 * `stage_entered_at`.
 */
export async function listTickets(
  context: TicketReadContext,
  filter: TicketFilter,
  limit: number,
  position: Position | null,
): Promise<TicketPage> {
  const rules = await readRules(context.store);
  const { docs, next } = await listPageByInstant(
    ticketsOf(context.store, filter),
    OLDEST_FIRST,
    limit,
    position,
  );
  const items = await Promise.all(docs.map((doc) => toView(context, doc, rules)));
  return { items, next };
}

/**
 * Reads one page of late tickets: active, created before the cutoff, and late. It scans at most 2,000 tickets, so a page
 * may be short or empty and still have a next one.
 */
export async function listLate(
  context: TicketReadContext,
  stage: string | undefined,
  limit: number,
  position: Position | null,
): Promise<TicketPage> {
  const { store, now } = context;
  const rules = await readRules(store);
  const own = stage === undefined ? undefined : thresholdOf(stage, rules.settings);
  const query = maybeLate(store, stage, createdBefore(rules.settings, now, own));
  const page: TicketPage = { items: [], next: position };
  for (let scanned = 0; scanned < MAX_SCANNED; scanned += SCAN_STEP) {
    const { docs, next } = await listPageByInstant(query, OLDEST_FIRST, SCAN_STEP, page.next);
    const items = await Promise.all(docs.map((doc) => toView(context, doc, rules)));
    for (const [index, item] of items.entries()) {
      if (!item.delay.late) continue;
      page.items.push(item);
      const isLast = index === docs.length - 1 && next === null;
      if (page.items.length === limit) return { ...page, next: isLast ? null : at(docs[index]) };
    }
    page.next = next;
    if (next === null) break;
  }
  return page;
}

/** Reads one ticket with its newest events. Returns null if there is none. */
export async function readTicket(
  context: TicketReadContext,
  id: string,
): Promise<(TicketView & { events: unknown[] }) | null> {
  const { store } = context;
  const ref = store.collection('tickets').doc(id);
  const [found, rules, events] = await Promise.all([
    ref.get(),
    readRules(store),
    ref.collection('events').orderBy('at', 'desc').limit(SHOWN_EVENTS).get(),
  ]);
  if (!found.exists) return null;
  const item = await toView(context, found, rules);
  return { ...item, events: events.docs.map((event) => ({ ...toFields(event), id: event.id })) };
}

const at = (doc: QueryDocumentSnapshot | undefined) => (doc ? positionOf(doc, OLDEST_FIRST.field) : null);
