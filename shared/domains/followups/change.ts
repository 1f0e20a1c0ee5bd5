import { type DocumentSnapshot, type Firestore, Timestamp } from '@google-cloud/firestore';
import { isConflict } from '../../doors/store/firestore.ts';
import { type Followup, followups, settingsRef, toFollowup } from './followup.ts';
import { addHistory, type Decider, type Entry } from './record.ts';
import { scheduledFields } from './schedule/reschedule.ts';
import { type Settings, toSettings } from './settings.ts';

/** A change that races others is tried again so often. */
const TRIES = 5;

export interface ChangeContext {
  store: Firestore;
  now: Date;
  decider: Decider;
}

/** What a change writes, and the line of history it leaves. Null: nothing is to be changed. */
export type Change = { fields: Record<string, unknown>; entry: Omit<Entry, 'level'> } | null;

/** Reads a follow-up with its organisation's settings; null where there is none. */
export async function readFollowup({ store }: Pick<ChangeContext, 'store'>, id: string) {
  const snapshot = await followups(store).doc(id).get();
  if (!snapshot.exists) return null;
  const followup = toFollowup(snapshot);
  const settings = toSettings(await settingsRef(store, followup.orgId || '-').get());
  return { snapshot, followup, settings };
}

/** The follow-up as it is once these fields are written. */
export function withFields(snapshot: DocumentSnapshot, fields: Record<string, unknown>): Followup {
  const { id, ref, updateTime } = snapshot;
  const get = (name: string) => (Object.hasOwn(fields, name) ? fields[name] : snapshot.get(name));
  return toFollowup({ id, ref, get, updateTime } as unknown as DocumentSnapshot);
}

/**
 * Changes a follow-up: `decide` sees it as it is and says what to write, in one commit with its history, on condition that
 * it has not changed meanwhile; else it is asked again. Null where there is no such follow-up.
 */
export async function changeFollowup(
  context: ChangeContext,
  id: string,
  decide: (found: { snapshot: DocumentSnapshot; followup: Followup; settings: Settings }) => Change,
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
 * Takes a follow-up up again: as due as it was when it was parked, else by the rules. `fields` are those that are written
 * with it. One whose delivery is unknown stays as it is: only settling it can go on.
 */
export function revived(
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
    last_decision: null,
  };
}
