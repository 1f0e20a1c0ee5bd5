import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { isConflict } from '../../doors/store/firestore.ts';
import { type Followup, followups, settingsRef, toFollowup } from './followup.ts';
import { addHistory, type Decider, type HistoryEntry } from './record.ts';
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
