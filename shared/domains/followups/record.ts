import { randomUUID } from 'node:crypto';
import { type Firestore, Timestamp, type WriteBatch } from '@google-cloud/firestore';
import { isConflict } from '../../doors/store/firestore.ts';
import { type Followup, standingOf } from './followup.ts';
import type { Verdict } from './judge.ts';
import type { Reason } from './reasons.ts';
import { scheduleKey } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

/** The author of a decision: a run, or a person's request. */
export interface Decider {
  runId: string | null;
  /** The person who asked, or null for a run that nobody asked for. */
  by: string | null;
}

export interface RecordContext {
  store: Firestore;
  now: Date;
  decider: Decider;
}

/** One line of a follow-up's history: a decision or an act, and its reason. */
export interface HistoryEntry {
  /** The line's document id. A fixed one lets a repeated commit write the same line again. */
  id?: string;
  reason:
    | Reason
    | 'created'
    | 'restarted'
    | 'changed'
    | 'resumed'
    | 'confirmed'
    | 'settled'
    | 'mended'
    | 'postponed'
    | 'returned';
  level: number;
  detail?: string | null;
  messageId?: string | null;
  response?: string | null;
}

const stamp = (instant: number | null) => (instant === null ? null : Timestamp.fromMillis(instant));

/** Adds a line to the history of a follow-up. */
export function addHistory(
  batch: WriteBatch,
  { ref }: Pick<Followup, 'ref'>,
  { now, decider }: Pick<RecordContext, 'now' | 'decider'>,
  { id = randomUUID(), reason, level, detail, messageId, response }: HistoryEntry,
): void {
  batch.set(ref.collection('history').doc(id), {
    at: Timestamp.fromDate(now),
    reason,
    level,
    detail: detail ?? null,
    message_id: messageId ?? null,
    response: response ?? null,
    run_id: decider.runId,
    by: decider.by,
  });
}

/** Returns true if a verdict brings another reason or another due time than the last one. */
export function isNews(followup: Followup, verdict: Verdict): boolean {
  if (verdict.do === 'send') return false;
  if (verdict.reason === 'customer_excluded') return !followup.parked;
  if (verdict.do === 'wait' && verdict.until === null) return false;
  const due = verdict.do === 'wait' ? verdict.until : null;
  return verdict.reason !== followup.lastReason || due !== followup.nextDueAt;
}

/** The parkings that end with another address. */
const REFUSED_ADDRESS: readonly Reason[] = ['address_refused', 'refused_for_days'];

/** The fields that park a follow-up until a person fixes the cause; they keep its due time. */
export function parkedFields(
  followup: Followup,
  reason: Reason,
  detail: string | null,
  now: Date,
): Record<string, unknown> {
  return {
    next_due_at: null,
    parked: {
      reason,
      at: Timestamp.fromDate(now),
      due_at: stamp(followup.nextDueAt ?? followup.parked?.dueAt ?? null),
      detail,
      ...(REFUSED_ADDRESS.includes(reason) ? { address: followup.customer.email } : {}),
    },
    ...decisionFields(reason, followup.level + 1, now),
  };
}

/** The fields that keep the last decision, so that the next one is compared with it. */
export const decisionFields = (reason: Reason, level: number, now: Date) => ({
  last_decision: { reason, level, at: Timestamp.fromDate(now) },
});

/** The waits whose due time the rules give. */
const RESCHEDULED: readonly Reason[] = ['rescheduled', 'before_due_date'];

function verdictFields(
  followup: Followup,
  settings: Settings,
  verdict: Verdict,
  now: Date,
): Record<string, unknown> {
  if (verdict.do === 'park') return parkedFields(followup, verdict.reason, verdict.detail, now);
  // Set aside, so that no later run reads it; nothing has failed.
  if (verdict.reason === 'customer_excluded') return parkedFields(followup, verdict.reason, null, now);
  const due = verdict.do === 'wait' ? verdict.until : null;
  return {
    next_due_at: stamp(due),
    ...(verdict.do === 'wait' && RESCHEDULED.includes(verdict.reason)
      ? { scheduled_by: scheduleKey(standingOf(followup, settings), settings.rules) }
      : {}),
    // A quote that is no longer valid has ended; a later valid_until opens it again.
    ...(verdict.reason === 'expired' ? { status: 'stopped', stop_reason: 'expired' } : {}),
    ...decisionFields(verdict.reason, followup.level + 1, now),
  };
}

/**
 * Stores why a follow-up did not go, and its new due time; only a new reason extends the history. Returns false if the
 * follow-up has changed since it was read.
 */
export async function recordVerdict(
  context: RecordContext,
  followup: Followup,
  settings: Settings,
  verdict: Verdict,
): Promise<boolean> {
  const { store, now } = context;
  const batch = store.batch();
  const precondition = followup.writtenAt ? { lastUpdateTime: followup.writtenAt } : {};
  batch.update(followup.ref, verdictFields(followup, settings, verdict, now), precondition);
  const detail = verdict.do === 'park' ? verdict.detail : null;
  if (verdict.reason !== followup.lastReason)
    addHistory(batch, followup, context, { reason: verdict.reason, level: followup.level + 1, detail });
  try {
    await batch.commit();
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}
