import type { DocumentSnapshot } from '@google-cloud/firestore';
import { millis } from '../../doors/store/firestore.ts';

/** A run as the watchman sees it in the ledger; instants are milliseconds since the epoch. */
export interface SeenRun {
  id: string;
  occurrence: number | null;
  /** When its newest attempt began, and when its first did. */
  startedAt: number;
  firstStartedAt: number;
  /** Null while it is open. */
  outcome: string | null;
  /** False where its budget ended it early. */
  complete: boolean;
  durationMs: number | null;
  /** The budget it was asked to keep; null where its record says nothing. */
  budgetSeconds: number | null;
  /** Its attempts before the newest one that failed or were killed, since the last that did not. */
  failedBefore: number;
  error: string | null;
}

interface Attempt {
  started_at?: unknown;
  outcome?: unknown;
}

const FAILED = ['failed', 'abandoned'];
const GOOD = ['succeeded', 'nothing_to_do', 'partial'];

/** A record of task_runs as a run. */
export function seenRun(record: DocumentSnapshot): SeenRun {
  const attempts = (record.get('attempts') as Attempt[] | undefined) ?? [];
  const startedAt = millis(record.get('started_at')) ?? 0;
  const lastGood = attempts.findLastIndex(({ outcome }) => GOOD.includes(String(outcome)));
  const sinceGood = attempts.slice(lastGood + 1);
  return {
    id: record.id,
    occurrence: millis(record.get('occurrence')),
    startedAt,
    firstStartedAt: millis(attempts[0]?.started_at) ?? startedAt,
    outcome: record.get('outcome') ?? null,
    complete: record.get('complete') !== false,
    durationMs: record.get('duration_ms') ?? null,
    budgetSeconds: (record.get('params') as { budget_seconds?: number } | null)?.budget_seconds ?? null,
    failedBefore: sinceGood.filter(({ outcome }) => FAILED.includes(String(outcome))).length,
    error: record.get('error') ?? null,
  };
}

/** It did its work. A partial one is good: its failures have their own next attempt. */
export const isGood = ({ outcome }: SeenRun): boolean => GOOD.includes(outcome ?? '');
export const isFailed = ({ outcome }: SeenRun): boolean => FAILED.includes(outcome ?? '');
/** Handed to others, and nobody knows yet how it ends: neither good nor failed. */
export const isHandedOn = ({ outcome }: SeenRun): boolean => outcome === 'dispatched';
export const isOpen = ({ outcome }: SeenRun): boolean => outcome === null;
