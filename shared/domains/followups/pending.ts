import { FieldValue, type Firestore } from '@google-cloud/firestore';
import { isConflict } from '../../doors/store/firestore.ts';
import { type Activation, applySettings } from './activation.ts';
import { settingsRef } from './followup.ts';
import { type Settings, toSettings } from './settings.ts';

/** The marks of a change of settings that a walk over the open follow-ups has yet to carry out. */
const DONE = {
  rechecking: FieldValue.delete(),
  rescheduling: FieldValue.delete(),
  holding_since: FieldValue.delete(),
  releasing_held: FieldValue.delete(),
  time_zone_before: FieldValue.delete(),
  // The walk has parked what this bound held.
  held_due_before: null,
};

/** Returns true if a change of settings has not reached every open follow-up. */
export const isPending = (settings: Settings): boolean =>
  settings.rechecking ||
  settings.rescheduling ||
  settings.releasing ||
  settings.holdingSince !== null ||
  settings.heldDueBefore !== null ||
  settings.zoneBefore !== null;

/**
 * Carries out what a change of settings left to do. If the process dies, the next run finishes; if the settings change
 * during the walk, their marks stay.
 */
export async function settleSettings(
  { store, now }: { store: Firestore; now: Date },
  orgId: string,
): Promise<{ activation: Activation; rescheduled: number }> {
  const ref = settingsRef(store, orgId);
  const settings = toSettings(await ref.get());
  const result = await applySettings({ store, now, isDryRun: false }, settings);
  const { writtenAt } = settings;
  try {
    if (writtenAt) await ref.update(DONE, { lastUpdateTime: writtenAt });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  return result;
}
