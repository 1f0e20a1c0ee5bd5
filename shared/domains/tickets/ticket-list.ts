import type { DocumentSnapshot, Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { toJson } from '../../doors/store/json.ts';
import { listPageByInstant } from '../../doors/store/list-page.ts';
import { type Position, positionOf } from '../../doors/store/position.ts';
import { versionOf } from '../../doors/store/version.ts';
import { entriesOf, readAlertSettings, toTicket } from './alerts/documents.ts';
import {
  type AlertSettings,
  createdBefore,
  daysInStage,
  isLate,
  type StageEntry,
  stageEntry,
  thresholdOf,
} from './delay.ts';

const DAY_MS = 86_400_000;
const OLDEST_FIRST = { field: 'created_at', direction: 'asc' } as const;
/** A page of late tickets looks through so many tickets at a time, and through at most so many; the next goes on there. */
const SCAN_STEP = 200;
const MAX_SCANNED = 2_000;
/** The newest events that are shown with one ticket. */
const SHOWN_EVENTS = 50;

export interface TicketReadContext {
  store: Firestore;
  now: Date;
}

/** How a ticket stands with regard to its threshold, and why. */
export interface Delay {
  /** Since when it is in its stage, and what that was derived from. */
  since: string;
  source: StageEntry['source'];
  days_in_stage: number;
  /** The threshold in force for its stage, and the instant after which an active ticket is late. */
  threshold_days: number;
  late_after: string;
  late: boolean;
  reason: 'over_threshold' | 'within_threshold' | 'not_active';
}

/** A ticket's own fields with its id, its version and its delay. */
export type TicketItem = Record<string, unknown> & { id: string; updated_at: string | null; delay: Delay };

export interface TicketFilter {
  status?: string | undefined;
  stage?: string | undefined;
}

export interface TicketPage {
  items: TicketItem[];
  next: Position | null;
}

/** Tickets, oldest first; each filter needs its index (status or stage, created_at), which Firestore joins for both. */
export function ticketsOf(store: Firestore, { status, stage }: TicketFilter): Query {
  let query: Query = store.collection('tickets');
  if (status !== undefined) query = query.where('status', '==', status);
  if (stage !== undefined) query = query.where('stage', '==', stage);
  return query.orderBy('created_at');
}

/** The active tickets that may be late: none that was created since the cutoff is. */
export function maybeLate(store: Firestore, stage: string | undefined, before: Date): Query {
  return ticketsOf(store, { status: 'active', stage }).where('created_at', '<', before);
}

/**
 * One page of tickets. Reads: `limit` + 1 tickets, the settings, and one event for each ticket that does not say itself
 * since when it is in its stage.
 */
export async function listTickets(
  context: TicketReadContext,
  filter: TicketFilter,
  limit: number,
  position: Position | null,
): Promise<TicketPage> {
  const settings = await readAlertSettings(context.store);
  const { docs, next } = await listPageByInstant(
    ticketsOf(context.store, filter),
    OLDEST_FIRST,
    limit,
    position,
  );
  const items = await Promise.all(docs.map((doc) => toItem(context, doc, settings)));
  return { items, next };
}

/**
 * One page of late tickets, found as the task finds them: active and created before the cutoff. At most 2,000 tickets
 * are looked through (that many reads, and one event for each that does not say itself since when it is in its stage); a
 * page may therefore be short, or empty, and still have a next one.
 */
export async function listLate(
  context: TicketReadContext,
  stage: string | undefined,
  limit: number,
  position: Position | null,
): Promise<TicketPage> {
  const { store, now } = context;
  const settings = await readAlertSettings(store);
  const own = stage === undefined ? undefined : thresholdOf(stage, settings);
  const query = maybeLate(store, stage, createdBefore(settings, now, own));
  const page: TicketPage = { items: [], next: position };
  for (let scanned = 0; scanned < MAX_SCANNED; scanned += SCAN_STEP) {
    const { docs, next } = await listPageByInstant(query, OLDEST_FIRST, SCAN_STEP, page.next);
    const items = await Promise.all(docs.map((doc) => toItem(context, doc, settings)));
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

/** One ticket with its newest events; null where there is none. */
export async function readTicket(
  context: TicketReadContext,
  id: string,
): Promise<(TicketItem & { events: unknown[] }) | null> {
  const { store } = context;
  const ref = store.collection('tickets').doc(id);
  const [found, settings, events] = await Promise.all([
    ref.get(),
    readAlertSettings(store),
    ref.collection('events').orderBy('at', 'desc').limit(SHOWN_EVENTS).get(),
  ]);
  if (!found.exists) return null;
  const item = await toItem(context, found, settings);
  return { ...item, events: events.docs.map((event) => ({ ...fields(event), id: event.id })) };
}

const at = (doc: QueryDocumentSnapshot | undefined) => (doc ? positionOf(doc, OLDEST_FIRST.field) : null);
const fields = (snapshot: DocumentSnapshot) => toJson(snapshot.data() ?? {}) as Record<string, unknown>;

async function toItem(
  { store, now }: TicketReadContext,
  snapshot: DocumentSnapshot,
  settings: AlertSettings,
): Promise<TicketItem> {
  const ticket = toTicket(snapshot);
  if (!ticket) throw new Error(`The ticket ${snapshot.id} is gone.`);
  const entry = stageEntry(ticket, await entriesOf(ticket, store));
  const threshold = thresholdOf(ticket.stage, settings);
  const late = isLate(ticket, entry, threshold, now);
  const delay: Delay = {
    since: new Date(entry.since).toISOString(),
    source: entry.source,
    days_in_stage: daysInStage(entry, now),
    threshold_days: threshold,
    late_after: new Date(entry.since + threshold * DAY_MS).toISOString(),
    late,
    reason: ticket.status !== 'active' ? 'not_active' : late ? 'over_threshold' : 'within_threshold',
  };
  return { ...fields(snapshot), id: snapshot.id, updated_at: versionOf(snapshot), delay };
}
