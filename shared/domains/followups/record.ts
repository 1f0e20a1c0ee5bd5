import { randomUUID } from 'node:crypto';
import { type Firestore, Timestamp, type WriteBatch } from '@google-cloud/firestore';
import { isConflict } from '../../doors/store/firestore.ts';
import type { Followup } from './followup.ts';
import type { Verdict } from './judge.ts';
import type { Reason } from './reasons.ts';
import { rulesKey } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

/** On whose account something is decided: a run, or a person's request. */
export interface Decider {
  runId: string | null;
  /** Who asked; null where nobody did. */
  by: string | null;
}

export interface RecordContext {
  store: Firestore;
  now: Date;
  decider: Decider;
}

/** One line of a follow-up's history: what was decided or done, and why. */
export interface Entry {
  reason: Reason | 'created' | 'changed' | 'resumed' | 'confirmed' | 'settled' | 'mended' | 'postponed';
  level: number;
  detail?: string | null;
  messageId?: string | null;
  response?: string | null;
}

const stamp = (instant: number | null) => (instant === null ? null : Timestamp.fromMillis(instant));

/** Adds a line to the history, with the id of one that may be written again where a commit is repeated. */
export function addHistory(
  batch: WriteBatch,
  { ref }: Pick<Followup, 'ref'>,
  { now, decider }: Pick<RecordContext, 'now' | 'decider'>,
  { reason, level, detail, messageId, response }: Entry,
  id: string = randomUUID(),
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

/** Whether a verdict changes anything: another reason than the last one kept, or another due time. */
export function isNews(followup: Followup, verdict: Verdict): boolean {
  if (verdict.do === 'send') return false;
  if (verdict.do === 'wait' && verdict.until === null) return false;
  const due = verdict.do === 'wait' ? verdict.until : null;
  return verdict.reason !== followup.lastReason || due !== followup.nextDueAt;
}

/** The fields that park a follow-up until somebody mends it; when it had been due is kept. */
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
    },
    ...decision(reason, followup.level + 1, now),
  };
}

/** The last decision, by which the next one is known to be news. */
export const decision = (reason: Reason, level: number, now: Date) => ({
  last_decision: { reason, level, at: Timestamp.fromDate(now) },
});

function verdictFields(
  followup: Followup,
  settings: Settings,
  verdict: Verdict,
  now: Date,
): Record<string, unknown> {
  if (verdict.do === 'park') return parkedFields(followup, verdict.reason, verdict.detail, now);
  const due = verdict.do === 'wait' ? verdict.until : null;
  return {
    next_due_at: stamp(due),
    ...(verdict.reason === 'rescheduled' ? { scheduled_by: rulesKey(settings.rules, followup.type) } : {}),
    ...decision(verdict.reason, followup.level + 1, now),
  };
}

/**
 * Keeps why a follow-up did not go, and moves or takes away its due time, so that it is not looked at every hour for ever.
 * The history grows only where the reason is another one. False when it has changed since it was read.
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
  const news = verdict.reason !== followup.lastReason;
  const detail = verdict.do === 'park' ? verdict.detail : null;
  if (news)
    addHistory(batch, followup, context, { reason: verdict.reason, level: followup.level + 1, detail });
  try {
    await batch.commit();
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}
