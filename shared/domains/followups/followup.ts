import type { DocumentReference, DocumentSnapshot, Firestore, Timestamp } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';
import type { ParkingReason, Reason } from './reasons.ts';
import type { FollowupType, Standing } from './schedule/schedule.ts';

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
  label: string;
  customer: { name: string | null; email: string | null; locale: string | null };
  amountDue: unknown;
  currency: unknown;
  dueDate: number | null;
  sentAt: number | null;
  status: string | null;
  autoEnabled: boolean;
  pausedUntil: number | null;
  level: number;
  nextDueAt: number | null;
  lastSentAt: number | null;
  stopReason: string | null;
  /** The reason why it waits for a person, and its due time before that; null if it does not wait. */
  parked: { reason: ParkingReason; at: number | null; dueAt: number | null; detail: string | null } | null;
  /** The key of the rules that gave next_due_at; null if a person or another back end gave it. */
  scheduledBy: string | null;
  /** The reason of the last decision in the history. */
  lastReason: Reason | null;
  /** The time of the first refusal in a row by the mail server; null after a success. */
  refusedSince: number | null;
  refusals: number;
  /** The refusals of this level's mail itself. */
  messageRefusals: number;
  /** The Message-IDs of the mails sent, oldest first. */
  messageIds: readonly string[];
}

export const followups = (store: Firestore) => store.collection('followups');

/** The send record of one level; the first level is 1. */
export const sendRef = ({ ref }: Pick<Followup, 'ref'>, level: number) =>
  ref.collection('sends').doc(String(level));

export const settingsRef = (store: Firestore, orgId: string) =>
  store.collection('billing_settings').doc(orgId);

const text = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null;

/** Reads a follow-up. Documents of other back ends may lack any field. */
export function toFollowup(snapshot: DocumentSnapshot): Followup {
  const get = (name: string): unknown => snapshot.get(name) ?? null;
  const customer = (get('customer') ?? {}) as Record<string, unknown>;
  const parked = get('parked') as Record<string, unknown> | null;
  const decision = get('last_decision') as Record<string, unknown> | null;
  return {
    id: snapshot.id,
    ref: snapshot.ref,
    writtenAt: snapshot.updateTime,
    orgId: String(get('org_id') ?? ''),
    type: get('type') === 'quote' ? 'quote' : 'invoice',
    label: text(get('source_label')) ?? text(get('source_id')) ?? snapshot.id,
    customer: { name: text(customer.name), email: text(customer.email), locale: text(customer.locale) },
    amountDue: get('amount_due'),
    currency: get('currency'),
    dueDate: millis(get('due_date')),
    sentAt: millis(get('sent_at')),
    status: text(get('status')),
    autoEnabled: get('auto_enabled') === true,
    pausedUntil: millis(get('paused_until')),
    level: Number.isInteger(get('level')) ? Math.max(0, Number(get('level'))) : 0,
    nextDueAt: millis(get('next_due_at')),
    lastSentAt: millis(get('last_sent_at')),
    stopReason: text(get('stop_reason')),
    parked: parked && {
      reason: parked.reason as ParkingReason,
      at: millis(parked.at),
      dueAt: millis(parked.due_at),
      detail: text(parked.detail),
    },
    scheduledBy: text(get('scheduled_by')),
    lastReason: text(decision?.reason) as Reason | null,
    refusedSince: millis(get('refused_since')),
    refusals: Number(get('refusals') ?? 0),
    messageRefusals: Number(get('message_refusals') ?? 0),
    messageIds: (get('message_ids') as string[] | null) ?? [],
  };
}

/** Returns the facts that decide the due time. An invoice counts from its due date, a quote from its sending. */
export function standingOf(followup: Followup): Standing {
  const { type, dueDate, sentAt, level, lastSentAt, pausedUntil } = followup;
  return { type, start: type === 'invoice' ? dueDate : sentAt, level, lastSentAt, pausedUntil };
}
