import type { DocumentReference, DocumentSnapshot, Firestore, Timestamp } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';
import type { BillingCustomer } from './customers/billing-customer.ts';
import type { ParkingReason, Reason } from './reasons.ts';
import { RowReader, toText } from './row.ts';
import { type DueDay, readDay, type StoredDay } from './schedule/days.ts';
import type { FollowupType, Standing } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

export const STATUSES = ['open', 'paid', 'accepted', 'cancelled', 'stopped'] as const;
export type Status = (typeof STATUSES)[number];

/** A follow-up as the rules see it. Times are milliseconds since the epoch; missing fields are null. */
export interface Followup {
  id: string;
  ref: DocumentReference;
  /** Firestore's time of the last write. A conditional write names it and fails after any newer write. */
  writtenAt: Timestamp | undefined;
  orgId: string;
  type: FollowupType;
  /** The document's number; the follow-up's id if its row has none. */
  label: string;
  hasNumber: boolean;
  customer: { name: string | null; email: string | null; locale: string | null };
  /** The customer's document; null if there is none or nobody has read it. */
  billing: BillingCustomer | null;
  amountDue: unknown;
  currency: unknown;
  /** The pages of the document and of its payment. */
  links: { document: string | null; payment: string | null };
  due: StoredDay;
  sentAt: number | null;
  /** The last day on which a quote holds, as an instant and as a day. */
  validUntil: StoredDay;
  status: string | null;
  autoEnabled: boolean;
  pausedUntil: number | null;
  /** The cycle: 1, and one more after each restart. */
  cycle: number;
  /** The levels that this cycle has sent. */
  level: number;
  nextDueAt: number | null;
  lastSentAt: number | null;
  stopReason: string | null;
  /** The reason why it waits for a person, and its due time before that; null if it does not wait. */
  parked: {
    reason: ParkingReason;
    at: number | null;
    dueAt: number | null;
    detail: string | null;
    /** The address that the server refused; null for other reasons, and in rows of earlier versions. */
    address: string | null;
  } | null;
  /** The address that a reminder came back from; null unless a bounce stopped the sequence. */
  bouncedAddress: string | null;
  /** The key of rules and start that gave next_due_at; null if a person or another back end gave it. */
  scheduledBy: string | null;
  /** The reason of the last decision in the history. */
  lastReason: Reason | null;
  /** The time of the first refusal in a row by the mail server; null after a success. */
  refusedSince: number | null;
  refusals: number;
  /** The refusals of this level's mail itself. */
  messageRefusals: number;
  /** The Message-IDs of the mails of this cycle, oldest first. */
  messageIds: readonly string[];
  /** The first field that has no usable value, with its rule; null if every one has. */
  fault: string | null;
}

export const followups = (store: Firestore) => store.collection('followups');

/**
 * The lasting name of a level's mail below its follow-up; the first level is 1. In the first cycle it is the level, as
 * before there were cycles.
 */
export const sendName = ({ cycle }: Pick<Followup, 'cycle'>, level: number) =>
  cycle === 1 ? String(level) : `${cycle}-${level}`;

/** The send record of one level. */
export const sendRef = (followup: Pick<Followup, 'ref' | 'cycle'>, level: number) =>
  followup.ref.collection('sends').doc(sendName(followup, level));

export const settingsRef = (store: Firestore, orgId: string) =>
  store.collection('billing_settings').doc(orgId);

/** Reads a follow-up. Documents of other back ends may lack any field, or have it in another form. */
export function toFollowup(snapshot: DocumentSnapshot): Followup {
  const get = (name: string): unknown => snapshot.get(name) ?? null;
  const row = new RowReader(get);
  const customer = (get('customer') ?? {}) as Record<string, unknown>;
  const parked = get('parked') as Record<string, unknown> | null;
  const decision = get('last_decision') as Record<string, unknown> | null;
  const number = row.text('source_label') ?? row.text('source_id');
  const cycleMails = Number(get('earlier_mails') ?? 0);
  return {
    id: snapshot.id,
    ref: snapshot.ref,
    writtenAt: snapshot.updateTime,
    orgId: String(get('org_id') ?? ''),
    type: row.type(),
    label: number ?? snapshot.id,
    hasNumber: number !== null,
    customer: { name: toText(customer.name), email: toText(customer.email), locale: toText(customer.locale) },
    billing: null,
    amountDue: get('amount_due'),
    currency: get('currency'),
    links: { document: row.link('document_url'), payment: row.link('payment_url') },
    due: { at: row.day('due_date'), day: row.text('due_day'), zone: row.zone('due_zone') },
    sentAt: row.day('sent_at'),
    validUntil: { at: row.day('valid_until'), day: null, zone: null },
    status: row.word('status', STATUSES),
    autoEnabled: get('auto_enabled') === true,
    pausedUntil: row.instant('paused_until'),
    cycle: row.count('cycle', 1) ?? 1,
    level: row.count('level', 0) ?? 0,
    nextDueAt: row.instant('next_due_at'),
    lastSentAt: row.instant('last_sent_at'),
    stopReason: row.text('stop_reason'),
    parked: parked && {
      reason: parked.reason as ParkingReason,
      at: millis(parked.at),
      dueAt: millis(parked.due_at),
      detail: toText(parked.detail),
      address: toText(parked.address),
    },
    bouncedAddress: row.text('bounced_address'),
    scheduledBy: row.text('scheduled_by'),
    lastReason: toText(decision?.reason) as Reason | null,
    refusedSince: millis(get('refused_since')),
    refusals: Number(get('refusals') ?? 0),
    messageRefusals: Number(get('message_refusals') ?? 0),
    messageIds: row.messageIds('message_ids').slice(cycleMails),
    fault: row.faults[0] ?? null,
  };
}

/** Returns the due day in the organisation's zone, or null without a due date. */
export const dueDayOf = ({ due }: Followup, { rules, zoneBefore }: Settings): DueDay | null =>
  readDay(due, rules.hours.zone, zoneBefore);

/** Returns the day of the sending in the organisation's zone, or null without one. */
export const sentDayOf = ({ sentAt }: Followup, { rules, zoneBefore }: Settings): DueDay | null =>
  readDay({ at: sentAt, day: null, zone: null }, rules.hours.zone, zoneBefore);

/** Returns the facts that decide the due time. An invoice counts from its due day, a quote from its sending. */
export function standingOf(followup: Followup, settings: Settings): Standing {
  const { type, level, lastSentAt, pausedUntil } = followup;
  const from = type === 'invoice' ? dueDayOf(followup, settings) : sentDayOf(followup, settings);
  return { type, start: from?.start ?? null, day: from?.day ?? null, level, lastSentAt, pausedUntil };
}

/** Returns the follow-up as it will be with these fields. */
export function withFields(snapshot: DocumentSnapshot, fields: Record<string, unknown>): Followup {
  const { id, ref, updateTime } = snapshot;
  const get = (name: string) => (Object.hasOwn(fields, name) ? fields[name] : snapshot.get(name));
  return toFollowup({ id, ref, get, updateTime } as unknown as DocumentSnapshot);
}
