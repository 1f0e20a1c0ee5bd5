import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';

/** What lists and strips show of a run; times are ISO 8601 in UTC. A run that is under way has the outcome null. */
export function runLine(run: DocumentSnapshot): object {
  const { usd = null } = (run.get('cost') as { usd?: number } | null) ?? {};
  return {
    id: run.id,
    task: run.get('task') ?? null,
    outcome: run.get('outcome') ?? null,
    trigger: run.get('trigger') ?? null,
    requested_by: run.get('requested_by') ?? null,
    attempt: run.get('attempt') ?? null,
    started_at: plain(run.get('started_at') ?? null),
    finished_at: plain(run.get('finished_at') ?? null),
    duration_ms: run.get('duration_ms') ?? null,
    complete: run.get('complete') ?? null,
    counts: run.get('counts') ?? null,
    error: run.get('error') ?? null,
    usd,
  };
}

/** All that the ledger keeps of a run. */
export function runDetail(run: DocumentSnapshot): object {
  return { id: run.id, ...(plain(run.data() ?? {}) as object) };
}

/** A stored value as JSON, its timestamps in ISO 8601. */
function plain(value: unknown): unknown {
  if (value instanceof Timestamp) return value.toDate().toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}
