import type { DocumentSnapshot, Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { toJson } from '../../doors/store/json.ts';
import { listPageByInstant } from '../../doors/store/list-page.ts';
import { type Position, positionOf } from '../../doors/store/position.ts';
import { versionOf } from '../../doors/store/version.ts';
import { entriesOf, readAlertSettings, toTicket } from './alerts/documents.ts';
import {
  type AlertSettings,
  createdBefore,
  type DelayReason,
  daysInStage,
  judgeDelay,
  type StageEntry,
  stageEntry,
  type Ticket,
  thresholdOf,
} from './delay.ts';

const DAY_MS = 86_400_000;
const OLDEST_FIRST = { field: 'created_at', direction: 'asc' } as const;
/** A page of late tickets reads this many tickets at a time, and at most MAX_SCANNED; the next page goes on there. */
const SCAN_STEP = 200;
const MAX_SCANNED = 2_000;
/** The newest events in the answer about one ticket. */
const SHOWN_EVENTS = 50;

export interface TicketReadContext {
  store: Firestore;
  now: Date;
}

/** The delay of a ticket, and the reason. */
export interface Delay {
  /** The instant at which it entered its stage, and the source of that. Null if no stored instant can be read. */
  since: string | null;
  source: StageEntry['source'] | null;
  days_in_stage: number | null;
  /** The threshold of its stage, and the instant after which an active ticket is late. */
  threshold_days: number;
  late_after: string | null;
  late: boolean;
  reason: DelayReason;
}

/** The fields of a ticket, with its id, version and delay. Tickets of other back ends may lack some. */
export interface TicketView {
  id: string;
  number?: string | null;
  device?: string | null;
  customer_name?: string | null;
  status?: Ticket['status'];
  stage?: string | null;
  assignee?: string | null;
  snoozed_until?: string | null;
  reopened_at?: string | null;
  updated_at: string | null;
  delay: Delay;
}

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

/** Reads one ticket with its newest events. Returns null if there is none. */
export async function readTicket(
  context: TicketReadContext,
  id: string,
): Promise<(TicketView & { events: unknown[] }) | null> {
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
): Promise<TicketView> {
  const ticket = toTicket(snapshot);
  if (!ticket) throw new Error(`The ticket ${snapshot.id} is gone.`);
  const entry = stageEntry(ticket, await entriesOf(ticket, store));
  const threshold = thresholdOf(ticket.stage, settings);
  const reason = judgeDelay(ticket, entry, settings, { now });
  const delay: Delay = {
    since: entry && new Date(entry.since).toISOString(),
    source: entry?.source ?? null,
    days_in_stage: entry && daysInStage(entry, now),
    threshold_days: threshold,
    late_after: entry && new Date(entry.since + threshold * DAY_MS).toISOString(),
    late: reason === 'over_threshold',
    reason,
  };
  return { ...fields(snapshot), id: snapshot.id, updated_at: versionOf(snapshot), delay };
}
