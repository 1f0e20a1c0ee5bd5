import type { Firestore, Query } from '@google-cloud/firestore';

/** Selects runs. The outcome null selects runs that have not ended. */
export interface RunFilter {
  task?: string | undefined;
  outcome?: string | null | undefined;
}

/**
 * Returns runs, newest first. Needs the indexes of task_runs on (task, started_at desc), (outcome, started_at desc) and
 * (task, outcome, started_at desc).
 */
export function runsOf(store: Firestore, { task, outcome }: RunFilter): Query {
  let query: Query = store.collection('task_runs');
  if (task !== undefined) query = query.where('task', '==', task);
  if (outcome !== undefined) query = query.where('outcome', '==', outcome);
  return query.orderBy('started_at', 'desc');
}
