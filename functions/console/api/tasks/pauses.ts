import { FieldValue, type Firestore } from '@google-cloud/firestore';
import type { AdminContext } from '../route.ts';

const WATCH = 'settings/watch';

/** The person who paused a task in the console, and when. */
export interface PauseNote {
  by: string;
  at: string;
}

/**
 * Records a pause for watch-runs, which cannot see Cloud Scheduler: else it would report missed runs. The person stands
 * beside \`paused\`, since running revisions accept only \`true\` there.
 */
export async function recordPause(
  { store, caller, now }: AdminContext,
  task: string,
  paused: boolean,
): Promise<void> {
  const note: PauseNote = { by: caller.id ?? caller.kind, at: now.toISOString() };
  const fields = {
    paused: { [task]: paused ? true : FieldValue.delete() },
    paused_by: { [task]: paused ? note : FieldValue.delete() },
  };
  await store.doc(WATCH).set(fields, { merge: true });
}

/** Reads who paused each task, for one read. Null for a task that is not paused, or was paused elsewhere. */
export async function readPauses(store: Firestore): Promise<(task: string) => PauseNote | null> {
  const { paused = {}, paused_by = {} } = ((await store.doc(WATCH).get()).data() ?? {}) as {
    paused?: Record<string, unknown>;
    paused_by?: Record<string, PauseNote>;
  };
  return (task) => (paused[task] ? (paused_by[task] ?? null) : null);
}
