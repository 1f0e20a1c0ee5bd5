import type { DocumentSnapshot } from '@google-cloud/firestore';
import { ATTEMPT_FIELD } from '../doors/store/counted.ts';
import { toJson } from '../doors/store/json.ts';

/** Returns a run as lists and strips show it; times are ISO 8601 in UTC. The outcome is null while it is under way. */
export function runLine(run: DocumentSnapshot): object {
  const { usd = null } = (run.get('cost') as { usd?: number } | null) ?? {};
  return {
    id: run.id,
    task: run.get('task') ?? null,
    outcome: run.get('outcome') ?? null,
    trigger: run.get('trigger') ?? null,
    requested_by: run.get('requested_by') ?? null,
    attempt: run.get('attempt') ?? null,
    started_at: toJson(run.get('started_at') ?? null),
    finished_at: toJson(run.get('finished_at') ?? null),
    duration_ms: run.get('duration_ms') ?? null,
    complete: run.get('complete') ?? null,
    counts: run.get('counts') ?? null,
    error: run.get('error') ?? null,
    usd,
  };
}

/** Returns all that the ledger keeps of a run, without the mark of its last write. */
export function runDetail(run: DocumentSnapshot): object {
  const { [ATTEMPT_FIELD]: _mark, ...fields } = run.data() ?? {};
  return { id: run.id, ...(toJson(fields) as object) };
}
