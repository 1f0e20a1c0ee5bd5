import { FieldValue } from '@google-cloud/firestore';
import { settingsRef } from '../../shared/domains/followups/followup.ts';
import { reschedule } from '../../shared/domains/followups/schedule/reschedule.ts';
import type { Settings } from '../../shared/domains/followups/settings.ts';
import type { RunContext } from '../../shared/runtime/task.ts';

/** Takes up what a change of settings had to leave undone: its process was killed, or its time was over. */
export async function finishRescheduling(
  { store }: RunContext,
  organisations: readonly Settings[],
): Promise<void> {
  for (const settings of organisations.filter(({ rescheduling }) => rescheduling)) {
    await reschedule(store, settings, 'all');
    await settingsRef(store, settings.orgId).update({ rescheduling: FieldValue.delete() });
  }
}
