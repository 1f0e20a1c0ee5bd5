import type { DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import type { Counts } from '../../../shared/runtime/task.ts';
import type { FaultStage } from './stage.ts';

/** Legal outcomes of an attempt. */
const OUTCOMES = [
  'succeeded',
  'nothing_to_do',
  'partial',
  'skipped_overlap',
  'deduplicated',
  'dispatched',
  'failed',
  'abandoned',
];

/** One attempt of a run in the ledger. The newest attempt's record holds the earlier ones. */
export interface LedgerAttempt {
  runId: string;
  attempt: number;
  outcome: string | null;
  counts: Counts | null;
  startedAt: number;
  finishedAt: number | null;
}

/** Returns every attempt of a task in the ledger. */
export async function readLedger(stage: FaultStage, task: string): Promise<LedgerAttempt[]> {
  const { docs } = await stage.store().collection('task_runs').where('task', '==', task).get();
  return docs.flatMap((doc) => [...earlier(doc), attemptOf(doc.id, doc.data())]);
}

function earlier(doc: DocumentSnapshot): LedgerAttempt[] {
  const kept = (doc.get('attempts') as Record<string, unknown>[] | undefined) ?? [];
  return kept.map((fields) => attemptOf(doc.id, fields));
}

function attemptOf(runId: string, fields: Record<string, unknown>): LedgerAttempt {
  return {
    runId,
    attempt: Number(fields.attempt),
    outcome: fields.outcome as string | null,
    counts: fields.counts as Counts | null,
    startedAt: (fields.started_at as Timestamp).toMillis(),
    finishedAt: (fields.finished_at as Timestamp | null)?.toMillis() ?? null,
  };
}

export const nameOf = ({ runId, attempt }: Pick<LedgerAttempt, 'runId' | 'attempt'>) =>
  `${runId} attempt ${attempt}`;

/** Returns the number of items acted on, over all attempts that reported it. */
export const actedIn = (ledger: readonly LedgerAttempt[]): number =>
  ledger.reduce((sum, { counts }) => sum + (counts?.acted ?? 0), 0);

/** Returns contradictions inside a settled ledger, whatever the fault was. */
export function ledgerFaults(ledger: readonly LedgerAttempt[]): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const entry of ledger) {
    const name = nameOf(entry);
    const { outcome, counts, startedAt, finishedAt } = entry;
    if (seen.has(name)) faults.push(`ledger: ${name} has two records`);
    seen.add(name);
    if (outcome === null) faults.push(`ledger: ${name} was left open`);
    else if (!OUTCOMES.includes(outcome)) faults.push(`ledger: ${name} has the unknown outcome ${outcome}`);
    if (outcome === null || outcome === 'abandoned') continue;
    if (finishedAt === null) faults.push(`ledger: ${name} ended as ${outcome} and has no finished_at`);
    else if (finishedAt < startedAt) faults.push(`ledger: ${name} finished before it started`);
    if (counts && counts.candidates !== counts.acted + counts.skipped + counts.failed)
      faults.push(`ledger: ${name} has counts that do not add up: ${JSON.stringify(counts)}`);
  }
  return faults;
}

/** Returns attempts that were open at a kill and did not end as abandoned. */
export function abandonedFaults(open: readonly LedgerAttempt[], ledger: readonly LedgerAttempt[]): string[] {
  const faults: string[] = [];
  const wereOpen = new Set(open.map(nameOf));
  const byName = new Map(ledger.map((entry) => [nameOf(entry), entry]));
  for (const name of wereOpen) {
    const outcome = byName.get(name)?.outcome;
    // The last write may have been in transit when its process died; the ledger then has the true outcome.
    if (outcome === undefined) faults.push(`ledger: the killed ${name} is gone`);
    else if (outcome !== 'abandoned' && byName.get(name)?.counts === null)
      faults.push(`ledger: the killed ${name} is called ${outcome}, not abandoned`);
  }
  for (const { runId, attempt, outcome } of ledger)
    if (outcome === 'abandoned' && !wereOpen.has(nameOf({ runId, attempt })))
      faults.push(`ledger: ${nameOf({ runId, attempt })} is called abandoned and was not killed`);
  return faults;
}
