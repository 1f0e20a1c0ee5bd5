import { type DocumentSnapshot, type Firestore, Timestamp } from '@google-cloud/firestore';
import * as z from 'zod';
import { writeAttempt } from '../../doors/store/counted.ts';
import { millis } from '../../doors/store/firestore.ts';
import { versionOf } from '../../doors/store/version.ts';

/** The longest texts of a ticket: each must fit one line of a mail and of a list. */
const MAX_NUMBER = 100;
const MAX_TEXT = 200;
/** The clocks of functions differ by less. Within it, the change of stage that was written later counts as later. */
const CLOCK_SKEW_MS = 60_000;

/** Accepts one line of text, trimmed: a line end in a ticket's number would reach a mail's subject. */
const line = (max: number, min: number) => {
  const rule = `must be a text of ${min} to ${max} characters on one line, without control characters`;
  return z
    .string(rule)
    .trim()
    .min(min, rule)
    .max(max, rule)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u, rule);
};

export const stage = line(100, 1).regex(
  /^(?!__)[^`]*$/,
  'must be the name of a stage: no backquote, and no __ at its start',
);
export const status = z.enum(
  ['active', 'closed', 'cancelled'],
  'must be active, closed or cancelled; only active tickets can be late',
);
/** The name of the person who works on a ticket, as recipients' filters give it. */
export const assignee = line(MAX_TEXT, 1);
const INSTANT_RULE = 'must be an instant with its offset, such as 2026-03-04T07:00:00Z, or null';
const snoozedUntil = z.iso
  .datetime({ offset: true, message: INSTANT_RULE })
  .transform((text) => Timestamp.fromDate(new Date(text)))
  .nullable();
const version = { updated_at: z.string().nullable().optional() };

/** The fields of a new ticket. The server adds its id, the instants and the first event. */
export const newTicket = z.strictObject({
  number: line(MAX_NUMBER, 1),
  device: line(MAX_TEXT, 0).default(''),
  customer_name: line(MAX_TEXT, 0).nullable().default(null),
  status: status.default('active'),
  stage,
  assignee: assignee.nullable().default(null),
});

/** The fields that PATCH may change. The stage changes by its own route, together with its event. */
export const ticketChange = z.strictObject({
  number: line(MAX_NUMBER, 1).optional(),
  device: line(MAX_TEXT, 0).optional(),
  customer_name: line(MAX_TEXT, 0).nullable().optional(),
  status: status.optional(),
  assignee: assignee.nullable().optional(),
  snoozed_until: snoozedUntil.optional(),
  stage: z.undefined('is not changed here; use POST /v1/admin/tickets/{id}/stage').optional(),
  ...version,
});

/** The next stage of a ticket. */
export const stageChange = z.strictObject({ stage, ...version });

/** The context of writes to tickets; `by` is the caller. */
export interface TicketContext {
  store: Firestore;
  now: Date;
  by: string | null;
}

/** Throws if the write was decided on another version than the stored one. */
type RequireVersion = (current: string | null) => void;

const tickets = (store: Firestore) => store.collection('tickets');
const events = (store: Firestore, id: string) => store.collection(`tickets/${id}/events`);

/**
 * Creates a ticket and the event of its first stage in one commit. A number has one ticket: `same`, a repeated request, finds
 * it with these fields, and `taken` with others.
 */
export async function createTicket(
  { store, now, by }: TicketContext,
  fields: z.infer<typeof newTicket>,
): Promise<{ id: string; result: 'created' | 'same' | 'taken' }> {
  const ref = tickets(store).doc();
  return store.runTransaction(async (transaction) => {
    const withNumber = tickets(store).where('number', '==', fields.number).limit(1);
    const [there] = (await transaction.get(withNumber)).docs;
    if (there) return { id: there.id, result: hasFields(there, fields) ? 'same' : 'taken' };
    const at = Timestamp.fromDate(now);
    transaction.create(ref, { ...fields, created_at: at, stage_entered_at: at, ...writeAttempt() });
    const event = { type: 'stage_changed', from: null, to: fields.stage, at, by };
    transaction.create(events(store, ref.id).doc(), event);
    return { id: ref.id, result: 'created' };
  });
}

const hasFields = (snapshot: DocumentSnapshot, fields: object): boolean =>
  Object.entries(fields).every(([name, value]) => (snapshot.get(name) ?? null) === (value ?? null));

/**
 * Changes the given fields of a ticket. A ticket that becomes active again is reopened now, so its closed time does not
 * count. Returns false if there is no such ticket.
 */
export async function changeTicket(
  { store, now }: TicketContext,
  id: string,
  fields: Omit<z.infer<typeof ticketChange>, 'stage' | 'updated_at'>,
  requireVersion: RequireVersion,
): Promise<boolean> {
  const ref = tickets(store).doc(id);
  return store.runTransaction(async (transaction) => {
    const found = await transaction.get(ref);
    if (!found.exists) return false;
    requireVersion(versionOf(found));
    if (Object.keys(fields).length === 0) return true;
    const isReopened = fields.status === 'active' && found.get('status') !== 'active';
    transaction.update(ref, {
      ...fields,
      ...(isReopened ? { reopened_at: Timestamp.fromDate(now) } : {}),
      ...writeAttempt(),
    });
    return true;
  });
}

/**
 * Moves a ticket into a stage, with its event in the same transaction, so every one of parallel moves has its event.
 * `same`: the ticket is in the stage already; nothing is written, and its time there goes on.
 */
export async function changeStage(
  { store, now, by }: TicketContext,
  id: string,
  to: string,
  requireVersion: RequireVersion,
): Promise<'changed' | 'same' | 'missing'> {
  const ref = tickets(store).doc(id);
  return store.runTransaction(async (transaction) => {
    const found = await transaction.get(ref);
    if (!found.exists) return 'missing';
    requireVersion(versionOf(found));
    const from: unknown = found.get('stage') ?? null;
    if (from === to) return 'same';
    const at = enteringAt(now, millis(found.get('stage_entered_at')));
    transaction.update(ref, { stage: to, stage_entered_at: at, ...writeAttempt() });
    transaction.create(events(store, id).doc(), { type: 'stage_changed', from, to, at, by });
    return 'changed';
  });
}

/** Returns now, or just after the last entry if that lies a little ahead, so that events keep the order of moves. */
function enteringAt(now: Date, before: number | null): Timestamp {
  const ahead = before === null ? -1 : before - now.getTime();
  const isSkew = ahead >= 0 && ahead < CLOCK_SKEW_MS;
  return Timestamp.fromMillis(isSkew && before !== null ? before + 1 : now.getTime());
}
