import { createHash } from 'node:crypto';
import type { DocumentReference, DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { isConflict } from '../../doors/store/firestore.ts';
import { type ChangeContext, changeFollowup } from './change.ts';
import { type Followup, followups, settingsRef, toFollowup } from './followup.ts';
import { searchTokens } from './list/search.ts';
import { decidePatch, lowersLevel, toStoredFields } from './patch.ts';
import { addHistory } from './record.ts';
import { SEEN } from './schedule/plan.ts';
import { scheduledFields } from './schedule/scheduled.ts';
import type { FollowupPatch, NewFollowup } from './schema/followup.ts';
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
/** The id of a document's follow-up is always the same, so a second creation becomes an update. */
function followupId({ org_id, type, source_id }: Pick<NewFollowup, 'org_id' | 'type' | 'source_id'>): string {
  return createHash('sha256')
    .update(JSON.stringify([org_id, type, source_id]))
    .digest('base64url')
    .slice(0, 20);
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
  const words = { search: searchTokens(unscheduled), seen: SEEN };
  const fields = { ...document, ...words, ...(keepsDueTime ? {} : scheduledFields(unscheduled, settings)) };
  return { ref, fields, followup: toFollowup(toBareSnapshot(ref, fields)) };
}

/** Finds the follow-up of a document, also one that another back end wrote under an id of its own. */
async function findBySource(
  store: Firestore,
  { org_id, type, source_id }: Pick<NewFollowup, 'org_id' | 'type' | 'source_id'>,
): Promise<string | null> {
  const sources: unknown[] = /^(0|[1-9]\d{0,14})$/.test(source_id)
    ? [source_id, Number(source_id)]
    : [source_id];
  const { docs } = await followups(store)
    .where('org_id', '==', org_id)
    .where('source_id', 'in', sources)
    .get();
  const same = docs.filter((snapshot) => toFollowup(snapshot).type === type).map(({ id }) => id);
  const own = followupId({ org_id, type, source_id });
  return same.find((id) => id === own) ?? same[0] ?? null;
}

/** Creates the follow-up of an invoice or quote, or updates it if it exists. */
export async function saveFollowup(
  context: ChangeContext,
  given: NewFollowup,
): Promise<{ id: string; created: boolean; snapshot: DocumentSnapshot | null }> {
  const { org_id, type: _type, source_id: _source, ...patch } = given;
  const known = await findBySource(context.store, given);
  if (known !== null) return await updateFollowup(context, known, patch);
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
  return await updateFollowup(context, ref.id, patch);
}

/** Updates a follow-up by what its back end says again. The levels that it counts may only rise. */
async function updateFollowup(context: ChangeContext, id: string, patch: FollowupPatch) {
  const snapshot = await changeFollowup(context, id, (found) => {
    const { level: _level, ...rest } = patch;
    const risen = lowersLevel(found.followup, patch) ? rest : patch;
    return decidePatch(found.snapshot, found.followup, found.settings, risen);
  });
  return { id, created: false, snapshot };
}

/** Lets `toFollowup` read a document that is not stored yet. */
const toBareSnapshot = (ref: DocumentReference, document: Record<string, unknown>) =>
  ({ id: ref.id, ref, get: (name: string) => document[name] }) as unknown as DocumentSnapshot;
