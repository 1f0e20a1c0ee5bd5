import { createHash } from 'node:crypto';
import {
  type DocumentReference,
  type DocumentSnapshot,
  type Firestore,
  Timestamp,
} from '@google-cloud/firestore';
import { isConflict } from '../../doors/store/firestore.ts';
import { toInstant } from '../../doors/time/zoned.ts';
import {
  type ChangeContext,
  changeFollowup,
  type FollowupChange,
  revivedFields,
  withFields,
} from './change.ts';
import { type Followup, followups, settingsRef, toFollowup } from './followup.ts';
import { addHistory } from './record.ts';
import { scheduledFields } from './schedule/reschedule.ts';
import { DATE, type FollowupPatch, type NewFollowup } from './schema/followup.ts';
import { type Settings, toSettings } from './settings.ts';

/** Every field that other back ends may query, as a new document has it. */
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
const TIMES = ['due_date', 'sent_at', 'paused_until', 'next_due_at', 'last_sent_at'] as const;
/** The fields that decide when the next level is due. */
const SCHEDULING = ['due_date', 'sent_at', 'paused_until', 'level', 'last_sent_at', 'status'] as const;

/** The id of a document's follow-up is always the same, so a second creation becomes an update. */
function followupId({ org_id, type, source_id }: Pick<NewFollowup, 'org_id' | 'type' | 'source_id'>): string {
  return createHash('sha256')
    .update(JSON.stringify([org_id, type, source_id]))
    .digest('base64url')
    .slice(0, 20);
}

/** Returns the fields as the store keeps them: a day becomes the organisation's midnight, a customer is merged. */
function toStoredFields(
  patch: FollowupPatch,
  settings: Settings,
  before: DocumentSnapshot | null,
): Record<string, unknown> {
  const times = TIMES.flatMap((name) => {
    const text = patch[name];
    return text === undefined ? [] : [[name, text === null ? null : toTimestamp(text, settings)]];
  });
  const merged = patch.customer && {
    customer: { ...(before?.get('customer') as object | undefined), ...patch.customer },
  };
  return { ...patch, ...Object.fromEntries(times), ...merged };
}

function toTimestamp(text: string, { rules }: Settings): Timestamp {
  const instant = Date.parse(text);
  return Timestamp.fromMillis(DATE.test(text) ? toInstant(instant, rules.hours.zone) : instant);
}

/** Returns the writes of a patch. The due time follows from the other fields, unless the patch names it. */
export function decidePatch(
  snapshot: DocumentSnapshot,
  followup: Followup,
  settings: Settings,
  patch: FollowupPatch,
): FollowupChange {
  const written = toStoredFields(patch, settings, snapshot);
  if (Object.keys(written).length === 0) return null;
  const entry = { reason: 'changed', detail: Object.keys(patch).join(', ') } as const;
  if (patch.next_due_at !== undefined)
    return { fields: { ...written, scheduled_by: null, parked: null }, entry };
  if (followup.parked && hasFix(followup, patch))
    return { fields: revivedFields(snapshot, written, settings), entry };
  if (followup.parked || !SCHEDULING.some((name) => patch[name] !== undefined))
    return { fields: written, entry };
  const after = withFields(snapshot, written);
  const scheduled = after.status === 'open' ? scheduledFields(after, settings) : { next_due_at: null };
  return { fields: { ...written, ...scheduled }, entry };
}

/** A refused address needs another address; any change may fix every other cause. */
function hasFix({ parked, customer: { email } }: Followup, patch: FollowupPatch): boolean {
  if (parked?.reason !== 'address_refused') return true;
  return patch.customer?.email !== undefined && patch.customer.email !== email;
}

/** Builds a document's first follow-up. The rules schedule it, unless the caller names its due time. */
export function buildFollowup(
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
    ...toStoredFields(patch, settings, null),
  };
  const unscheduled = toFollowup(toBareSnapshot(ref, document));
  const keepsDueTime = patch.next_due_at !== undefined || unscheduled.status !== 'open';
  const fields = { ...document, ...(keepsDueTime ? {} : scheduledFields(unscheduled, settings)) };
  return { ref, fields, followup: toFollowup(toBareSnapshot(ref, fields)) };
}

/** Creates the follow-up of an invoice or quote, or updates it if it exists. */
export async function saveFollowup(
  context: ChangeContext,
  given: NewFollowup,
): Promise<{ id: string; created: boolean; snapshot: DocumentSnapshot | null }> {
  const { org_id, type: _type, source_id: _source, ...patch } = given;
  const settings = toSettings(await settingsRef(context.store, org_id).get());
  const { ref, fields, followup } = buildFollowup(context.store, given, settings);
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
    decidePatch(found.snapshot, found.followup, found.settings, patch),
  );
  return { id: ref.id, created: false, snapshot };
}

/** Lets `toFollowup` read a document that is not stored yet. */
const toBareSnapshot = (ref: DocumentReference, document: Record<string, unknown>) =>
  ({ id: ref.id, ref, get: (name: string) => document[name] }) as unknown as DocumentSnapshot;
