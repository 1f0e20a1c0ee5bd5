import type { DocumentSnapshot, Firestore, Query } from '@google-cloud/firestore';
import { normaliseAddress } from '../../../doors/mail/address.ts';
import type { Locale } from '../../../doors/mail/message.ts';
import { millis, streamQuery } from '../../../doors/store/firestore.ts';
import type { AlertSettings, StageChange, Ticket } from '../delay.ts';
import { type RecipientFilter, toFilter } from './filter.ts';
import { ALERT_DEFAULTS, alertSettings } from './settings.ts';

/** The fields that the decision and the mail need. */
export const TICKET_FIELDS = [
  'number',
  'device',
  'customer_name',
  'status',
  'stage',
  'stage_entered_at',
  'created_at',
  'assignee',
  'snoozed_until',
  'reopened_at',
] as const;

/**
 * Queries the active tickets created before an instant, oldest first. It finds late tickets that lack fields too. Needs the index (status, created_at) of tickets.
 */
export function activeCreatedBefore(store: Firestore, before: Date): Query {
  return store
    .collection('tickets')
    .where('status', '==', 'active')
    .where('created_at', '<', before)
    .orderBy('created_at')
    .select(...TICKET_FIELDS);
}

/** Queries the active tickets whose `stage_entered_at` lies before an instant; needs the index on both fields. */
export function activeEnteredBefore(store: Firestore, before: Date): Query {
  return store.collection('tickets').where('status', '==', 'active').where('stage_entered_at', '<', before);
}

/** Queries the last event that led a ticket into a stage; needs the index (type, to, at desc) of events. */
export function lastEntry(store: Firestore, ticketId: string, stage: string): Query {
  return store
    .collection(`tickets/${ticketId}/events`)
    .where('type', '==', 'stage_changed')
    .where('to', '==', stage)
    .orderBy('at', 'desc')
    .limit(1);
}

/** Reads a stored ticket. Returns null if it is gone; fields that another back end left out are empty. */
export function toTicket(snapshot: DocumentSnapshot): Ticket | null {
  if (!snapshot.exists) return null;
  const text = (field: string) => (snapshot.get(field) as unknown)?.toString();
  return {
    id: snapshot.id,
    number: text('number') ?? snapshot.id,
    device: text('device') ?? '',
    customerName: text('customer_name') ?? null,
    status: snapshot.get('status') as Ticket['status'],
    stage: text('stage') ?? '',
    stageEnteredAt: millis(snapshot.get('stage_entered_at')),
    createdAt: millis(snapshot.get('created_at')),
    assignee: text('assignee') ?? null,
    snoozedUntil: millis(snapshot.get('snoozed_until')),
    reopenedAt: millis(snapshot.get('reopened_at')),
  };
}

/** Reads the events that date a ticket's stage. Reads none if the ticket has `stage_entered_at`. */
export async function entriesOf(ticket: Ticket, store: Firestore): Promise<StageChange[]> {
  if (ticket.stageEnteredAt !== null) return [];
  const { docs } = await lastEntry(store, ticket.id, ticket.stage).get();
  return docs.map((doc) => ({ to: ticket.stage, at: millis(doc.get('at')) ?? ticket.createdAt ?? 0 }));
}

/** Reads `settings/alerts` with the defaults. Throws if a stored value is invalid: no alert may rest on a guess. */
export async function readAlertSettings(store: Firestore): Promise<AlertSettings> {
  const stored = await store.doc('settings/alerts').get();
  const present = Object.entries(stored.data() ?? {}).filter(
    ([name, value]) => name in alertSettings.shape && value !== null,
  );
  const parsed = alertSettings.partial().safeParse(Object.fromEntries(present));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(
      `settings/alerts: ${issue?.path.join('.')} ${issue?.message}; correct it by PUT /v1/admin/settings`,
    );
  }
  const { threshold_days, repeat_hours, stages, ticket_url } = parsed.data;
  const rules = Object.entries(stages ?? {}).flatMap(([stage, rule]) =>
    rule
      ? [[stage, { thresholdDays: rule.threshold_days ?? null, excluded: rule.excluded ?? false }] as const]
      : [],
  );
  return {
    thresholdDays: threshold_days ?? ALERT_DEFAULTS.threshold_days,
    repeatHours: repeat_hours ?? ALERT_DEFAULTS.repeat_hours,
    stages: Object.fromEntries(rules),
    ticketUrl: ticket_url ?? ALERT_DEFAULTS.ticket_url,
  };
}

/** A recipient of alerts. */
export interface AlertRecipient {
  id: string;
  name: string;
  /** Normalised; null if the stored one is invalid. */
  address: string | null;
  locale: Locale;
  filter: RecipientFilter;
}

/** Reads the active recipients, each address once (the first by id). */
export async function readRecipients(store: Firestore): Promise<AlertRecipient[]> {
  const recipients = new Map<string, AlertRecipient>();
  const active = store.collection('alert_recipients').where('active', '==', true);
  for await (const doc of streamQuery(active)) {
    const address = normaliseAddress(String(doc.get('email') ?? ''));
    const key = address ?? `no address/${doc.id}`;
    const locale = doc.get('locale') === 'en' ? 'en' : 'fr';
    const name = String(doc.get('name') ?? '');
    if (!recipients.has(key))
      recipients.set(key, { id: doc.id, name, address, locale, filter: toFilter(doc) });
  }
  return [...recipients.values()];
}
