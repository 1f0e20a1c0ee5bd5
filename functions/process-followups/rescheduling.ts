import { FieldValue } from '@google-cloud/firestore';
import { settingsRef } from '../../shared/domains/followups/followup.ts';
import { reschedule } from '../../shared/domains/followups/schedule/reschedule.ts';
import type { Settings } from '../../shared/domains/followups/settings.ts';
import type { RunContext } from '../../shared/runtime/task.ts';

/** Finishes the rescheduling that a killed or timed-out change of settings left undone. */
export async function finishRescheduling(
  { store }: RunContext,
  organisations: readonly Settings[],
): Promise<void> {
  for (const settings of organisations.filter(({ rescheduling }) => rescheduling)) {
    await reschedule(store, settings, 'all');
    await settingsRef(store, settings.orgId).update({ rescheduling: FieldValue.delete() });
  }
}
