import { type DocumentSnapshot, type Firestore, Timestamp } from '@google-cloud/firestore';
import { isConflict } from '../../doors/store/firestore.ts';
import { type Followup, followups, settingsRef, toFollowup } from './followup.ts';
import { addHistory, type Decider, type HistoryEntry } from './record.ts';
import { scheduledFields } from './schedule/reschedule.ts';
import { type Settings, toSettings } from './settings.ts';

/** A change that conflicts with another one is decided at most this many times. */
const TRIES = 5;

export interface ChangeContext {
  store: Firestore;
  now: Date;
  decider: Decider;
}

/** The fields that a change writes, and its line of history. Null changes nothing. */
export type FollowupChange = { fields: Record<string, unknown>; entry: Omit<HistoryEntry, 'level'> } | null;

/** Reads a follow-up with its organisation's settings. Returns null if there is no such follow-up. */
export async function readFollowup({ store }: Pick<ChangeContext, 'store'>, id: string) {
  const snapshot = await followups(store).doc(id).get();
  if (!snapshot.exists) return null;
  const followup = toFollowup(snapshot);
  const settings = toSettings(await settingsRef(store, followup.orgId || '-').get());
  return { snapshot, followup, settings };
}

/** Returns the follow-up as it will be with these fields. */
export function withFields(snapshot: DocumentSnapshot, fields: Record<string, unknown>): Followup {
  const { id, ref, updateTime } = snapshot;
  const get = (name: string) => (Object.hasOwn(fields, name) ? fields[name] : snapshot.get(name));
  return toFollowup({ id, ref, get, updateTime } as unknown as DocumentSnapshot);
}

/**
 * Commits the change that `decide` returns with its line of history; decides again if the follow-up changed in between.
 * Returns null if there is no such follow-up.
 */
export async function changeFollowup(
  context: ChangeContext,
  id: string,
  decide: (found: { snapshot: DocumentSnapshot; followup: Followup; settings: Settings }) => FollowupChange,
): Promise<DocumentSnapshot | null> {
  const { store } = context;
  for (let attempt = 1; ; attempt += 1) {
    const found = await readFollowup(context, id);
    if (!found) return null;
    const change = decide(found);
    if (change) {
      const batch = store.batch();
      const { updateTime } = found.snapshot;
      batch.update(found.snapshot.ref, change.fields, updateTime ? { lastUpdateTime: updateTime } : {});
      addHistory(batch, found.followup, context, { ...change.entry, level: found.followup.level });
      try {
        await batch.commit();
      } catch (error) {
        if (!isConflict(error) || attempt === TRIES) throw error;
        continue;
      }
    }
    return await found.snapshot.ref.get();
  }
}

/**
 * Adds the fields that end a parking: the due time is the old one, else the rules give it. An uncertain mail stays parked
 * until a person settles it.
 */
export function revivedFields(
  snapshot: DocumentSnapshot,
  fields: Record<string, unknown>,
  settings: Settings,
): Record<string, unknown> {
  const followup = withFields(snapshot, fields);
  const { parked } = followup;
  if (parked?.reason === 'unknown_delivery') return fields;
  const scheduled = scheduledFields({ ...followup, parked: null }, settings);
  const asBefore = scheduled['next_due_at'] === null ? null : (parked?.dueAt ?? null);
  return {
    ...fields,
    ...scheduled,
    ...(asBefore === null ? {} : { next_due_at: Timestamp.fromMillis(asBefore), scheduled_by: null }),
    parked: null,
    refused_since: null,
    refusals: 0,
    message_refusals: 0,
    last_decision: null,
  };
}
