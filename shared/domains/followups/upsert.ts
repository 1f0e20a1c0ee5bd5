import { createHash } from 'node:crypto';
import {
  type DocumentReference,
  type DocumentSnapshot,
  type Firestore,
  Timestamp,
} from '@google-cloud/firestore';
import * as z from 'zod';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { isDocumentId } from '../../doors/store/document-id.ts';
import { isConflict } from '../../doors/store/firestore.ts';
import { toInstant } from '../../doors/time/zoned.ts';
import { type Change, type ChangeContext, changeFollowup, revived, withFields } from './change.ts';
import { type Followup, followups, STATUSES, settingsRef, toFollowup } from './followup.ts';
import { addHistory } from './record.ts';
import { scheduledFields } from './schedule/reschedule.ts';
import { type Settings, toSettings } from './settings.ts';

const DATE = /^\d{4}-\d\d-\d\d$/;
/** A day of the organisation's, or an instant with its offset. */
const moment = z
  .string()
  .refine(
    (text) =>
      !Number.isNaN(Date.parse(text)) &&
      (DATE.test(text) || z.iso.datetime({ offset: true }).safeParse(text).success),
    'must be a date (2026-03-31) or an instant with its offset (2026-03-31T09:00:00Z)',
  )
  .nullable();
const line = (max: number) =>
  z.string().trim().min(1, 'must not be empty').max(max, `must have at most ${max} characters`);

const customer = z.strictObject({
  name: line(200).nullable().optional(),
  email: z
    .string()
    .transform(normaliseAddress)
    .refine((address) => address !== null, 'must be one e-mail address')
    .nullable()
    .optional(),
  locale: z
    .string()
    .regex(/^(fr|en)([-_][A-Za-z0-9]+)*$/, 'must be fr or en, with a region if need be, such as fr-CA')
    .nullable()
    .optional(),
});

const fields = {
  source_label: line(200).optional(),
  customer: customer.optional(),
  amount_due: z.number('must be an amount in units of the currency, such as 1250.5').nullable().optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, such as EUR')
    .nullable()
    .optional(),
  due_date: moment.optional(),
  sent_at: moment.optional(),
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`).optional(),
  auto_enabled: z.boolean('must be true or false').optional(),
  paused_until: moment.optional(),
  level: z.int('must be the number of levels already sent').min(0).max(10).optional(),
  next_due_at: moment.optional(),
  last_sent_at: moment.optional(),
};

/** What PATCH takes: the document's own fields, and the version it was read in. */
export const followupPatch = z.strictObject({ ...fields, updated_at: z.string().nullable().optional() });
export type FollowupPatch = Omit<z.infer<typeof followupPatch>, 'updated_at'>;

const id = z.string().refine(isDocumentId, 'must be able to name a document: no slash');

/** What POST takes: one follow-up per document of an organisation. */
export const newFollowup = z.strictObject({
  org_id: id,
  type: z.enum(['invoice', 'quote'], 'must be invoice or quote'),
  source_id: line(200),
  ...fields,
});
export type NewFollowup = z.infer<typeof newFollowup>;

/** The follow-up of a document has always the same id, so that creating it twice updates it. */
function followupId({ org_id, type, source_id }: Pick<NewFollowup, 'org_id' | 'type' | 'source_id'>): string {
  return createHash('sha256')
    .update(JSON.stringify([org_id, type, source_id]))
    .digest('base64url')
    .slice(0, 20);
}

const TIMES = ['due_date', 'sent_at', 'paused_until', 'next_due_at', 'last_sent_at'] as const;
/** A change of one of these decides anew when the next level is due. */
const SCHEDULING = ['due_date', 'sent_at', 'paused_until', 'level', 'last_sent_at', 'status'] as const;

/** The fields as they are stored: dates become the organisation's midnights, a customer is merged. */
function stored(
  patch: FollowupPatch,
  settings: Settings,
  before: DocumentSnapshot | null,
): Record<string, unknown> {
  const times = TIMES.flatMap((name) => {
    const text = patch[name];
    return text === undefined ? [] : [[name, text === null ? null : instantOf(text, settings)]];
  });
  const merged = patch.customer && {
    customer: { ...(before?.get('customer') as object | undefined), ...patch.customer },
  };
  return { ...patch, ...Object.fromEntries(times), ...merged };
}

function instantOf(text: string, { rules }: Settings): Timestamp {
  const instant = Date.parse(text);
  return Timestamp.fromMillis(DATE.test(text) ? toInstant(instant, rules.hours.zone) : instant);
}

/** What a patch writes: its fields, and the due time that follows from them unless it names one itself. */
export function patched(
  snapshot: DocumentSnapshot,
  followup: Followup,
  settings: Settings,
  patch: FollowupPatch,
): Change {
  const written = stored(patch, settings, snapshot);
  if (Object.keys(written).length === 0) return null;
  const entry = { reason: 'changed', detail: Object.keys(patch).join(', ') } as const;
  if (patch.next_due_at !== undefined)
    return { fields: { ...written, scheduled_by: null, parked: null }, entry };
  if (followup.parked && mends(followup, patch))
    return { fields: revived(snapshot, written, settings), entry };
  if (followup.parked || !SCHEDULING.some((name) => patch[name] !== undefined))
    return { fields: written, entry };
  const after = withFields(snapshot, written);
  const scheduled = after.status === 'open' ? scheduledFields(after, settings) : { next_due_at: null };
  return { fields: { ...written, ...scheduled }, entry };
}

/** An address that was refused is mended by another address, every other fault by any change. */
function mends({ parked, customer: { email } }: Followup, patch: FollowupPatch): boolean {
  if (parked?.reason !== 'address_refused') return true;
  return patch.customer?.email !== undefined && patch.customer.email !== email;
}

/** The follow-up of a document that has none yet, due by the rules unless it names its due time itself. */
export function freshFollowup(
  store: Firestore,
  { org_id, type, source_id, ...patch }: NewFollowup,
  settings: Settings,
): { ref: DocumentReference; fields: Record<string, unknown>; followup: Followup } {
  const ref = followups(store).doc(followupId({ org_id, type, source_id }));
  const document = {
    ...BLANK,
    org_id,
    type,
    source_id,
    source_label: source_id,
    ...stored(patch, settings, null),
  };
  const unscheduled = toFollowup(bare(ref, document));
  const named = patch.next_due_at !== undefined || unscheduled.status !== 'open';
  const fields = { ...document, ...(named ? {} : scheduledFields(unscheduled, settings)) };
  return { ref, fields, followup: toFollowup(bare(ref, fields)) };
}

/** Creates the follow-up of an invoice or quote, or brings it up to date; `created` says which. */
export async function saveFollowup(
  context: ChangeContext,
  given: NewFollowup,
): Promise<{ id: string; created: boolean; snapshot: DocumentSnapshot | null }> {
  const { org_id, type: _type, source_id: _source, ...patch } = given;
  const settings = await settingsOf(context.store, org_id);
  const { ref, fields, followup } = freshFollowup(context.store, given, settings);
  const batch = context.store.batch();
  batch.create(ref, fields);
  addHistory(batch, followup, context, { reason: 'created', level: followup.level });
  try {
    await batch.commit();
    return { id: ref.id, created: true, snapshot: await ref.get() };
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  const snapshot = await changeFollowup(context, ref.id, (found) =>
    patched(found.snapshot, found.followup, found.settings, patch),
  );
  return { id: ref.id, created: false, snapshot };
}

const settingsOf = async (store: Firestore, orgId: string) =>
  toSettings(await settingsRef(store, orgId).get());

const bare = (ref: DocumentSnapshot['ref'], document: Record<string, unknown>) =>
  ({ id: ref.id, ref, get: (name: string) => document[name] }) as unknown as DocumentSnapshot;

/** Every field of the document that others may look for. */
const BLANK = {
  customer: {},
  amount_due: null,
  currency: 'EUR',
  due_date: null,
  sent_at: null,
  status: 'open',
  auto_enabled: true,
  paused_until: null,
  level: 0,
  next_due_at: null,
  last_sent_at: null,
  stop_reason: null,
};
