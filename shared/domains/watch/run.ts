import type { DocumentSnapshot } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';

/** A run as watch-runs reads it from the ledger; instants are milliseconds since the epoch. */
export interface SeenRun {
  id: string;
  task: string;
  occurrence: number | null;
  /** The starts of its newest and its first attempt. */
  startedAt: number;
  firstStartedAt: number;
  /** Null while it is open. */
  outcome: string | null;
  /** False if its budget ended it early. */
  complete: boolean;
  durationMs: number | null;
  /** The budget in its parameters; null if its record has none. */
  budgetSeconds: number | null;
  /** Failed or killed attempts before the newest one, since the last good one. */
  failedBefore: number;
  error: string | null;
  candidates: number;
  acted: number;
  failed: number;
  /** Candidates that an earlier failure keeps waiting: the one reason of skipping that says something is broken. */
  waiting: number;
}

interface Attempt {
  started_at?: unknown;
  outcome?: unknown;
}

const FAILED = ['failed', 'abandoned'];
const GOOD = ['succeeded', 'nothing_to_do', 'partial'];

/** Reads a run from its record in task_runs. */
export function seenRun(record: DocumentSnapshot): SeenRun {
  const attempts = (record.get('attempts') as Attempt[] | undefined) ?? [];
  const startedAt = millis(record.get('started_at')) ?? 0;
  const lastGood = attempts.findLastIndex(({ outcome }) => GOOD.includes(String(outcome)));
  const sinceGood = attempts.slice(lastGood + 1);
  return {
    id: record.id,
    task: String(record.get('task')),
    occurrence: millis(record.get('occurrence')),
    startedAt,
    firstStartedAt: millis(attempts[0]?.started_at) ?? startedAt,
    outcome: record.get('outcome') ?? null,
    complete: record.get('complete') !== false,
    durationMs: record.get('duration_ms') ?? null,
    budgetSeconds: (record.get('params') as { budget_seconds?: number } | null)?.budget_seconds ?? null,
    failedBefore: sinceGood.filter(({ outcome }) => FAILED.includes(String(outcome))).length,
    error: record.get('error') ?? null,
    candidates: record.get('counts')?.candidates ?? 0,
    acted: record.get('counts')?.acted ?? 0,
    failed: record.get('counts')?.failed ?? 0,
    waiting: record.get('skipped')?.backoff ?? 0,
  };
}

/** True if the run did its work. A partial run is good: its failures have their own next attempt. */
export const isGood = ({ outcome }: SeenRun): boolean => GOOD.includes(outcome ?? '');
export const isFailed = ({ outcome }: SeenRun): boolean => FAILED.includes(outcome ?? '');
/** True while its batches are at Cloud Tasks: neither good nor failed. */
export const isDispatched = ({ outcome }: SeenRun): boolean => outcome === 'dispatched';
/** True if it ended and had candidates, did nothing for any, and some of them failed now or before. */
export const isFruitless = (run: SeenRun): boolean =>
  isGood(run) && run.candidates > 0 && run.acted === 0 && run.failed + run.waiting > 0;
/** True if it did not find another run at work. */
export const isWork = ({ outcome }: SeenRun): boolean => outcome !== 'skipped_overlap';
export const isOpen = ({ outcome }: SeenRun): boolean => outcome === null;
