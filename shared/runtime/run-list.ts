import { FieldPath, type Firestore, type Query, type Timestamp } from '@google-cloud/firestore';
import { fromIso } from '../doors/store/version.ts';

/** Selects runs. The outcome null selects runs that have not ended. */
export interface RunFilter {
  task?: string | undefined;
  outcome?: string | null | undefined;
  /** The position of the last run of the page before. */
  after: string | null;
}

/**
 * Returns runs, newest first. Needs the indexes of task_runs on (task, started_at desc), (outcome, started_at desc) and
 * (task, outcome, started_at desc).
 */
export function runsOf(store: Firestore, { task, outcome, after }: RunFilter, limit: number): Query {
  let query: Query = store.collection('task_runs');
  if (task !== undefined) query = query.where('task', '==', task);
  if (outcome !== undefined) query = query.where('outcome', '==', outcome);
  query = query.orderBy('started_at', 'desc').orderBy(FieldPath.documentId(), 'desc').limit(limit);
  const position = after === null ? null : positionOf(after);
  return position ? query.startAfter(position.startedAt, position.id) : query;
}

/** Returns a run's position in the list: its start and its id, since two runs may start in one millisecond. */
export function runPosition(startedAt: Timestamp, id: string): string {
  return `${startedAt.toDate().toISOString()} ${id}`;
}

/** Reads a position. Returns null for any other text. */
export function positionOf(text: string): { startedAt: Timestamp; id: string } | null {
  const [, instant = '', id = ''] = /^(\S+) (.+)$/s.exec(text) ?? [];
  const startedAt = fromIso(instant);
  return startedAt && id ? { startedAt, id } : null;
}
