import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { ClaimState } from '../../doors/mail/claims.ts';
import { toJson } from '../../doors/store/json.ts';
import { versionOf } from '../../doors/store/version.ts';
import type { Followup, Status } from './followup.ts';
import { judgeAutomatic, type Verdict } from './judge.ts';
import { type ParkingReason, REASONS, type Reason, type StopReason } from './reasons.ts';
import type { HistoryEntry } from './record.ts';
import type { FollowupType } from './schedule/schedule.ts';
import type { Settings } from './settings.ts';

/** A follow-up as the API shows it, instants in ISO 8601. Rows of other back ends lack what they do not know. */
export interface FollowupView {
  id: string;
  org_id?: string | null;
  type?: FollowupType | null;
  source_label?: string | null;
  customer?: { name?: string | null; email?: string | null } | null;
  amount_due?: number | null;
  currency?: string | null;
  due_date?: string | null;
  due_day?: string | null;
  due_zone?: string | null;
  valid_until?: string | null;
  document_url?: string | null;
  payment_url?: string | null;
  cycle?: number | null;
  sent_at?: string | null;
  status?: Status | null;
  paused_until?: string | null;
  level?: number | null;
  next_due_at?: string | null;
  last_sent_at?: string | null;
  stop_reason?: StopReason | 'erased' | null;
  parked?: { reason: ParkingReason; at: string | null; due_at: string | null; detail: string | null } | null;
  updated_at: string | null;
}

/** A line of a history: a decision or an act, by whom, and why. */
export interface HistoryLine {
  id: string;
  at: string;
  reason: HistoryEntry['reason'];
  level: number;
  detail: string | null;
  message_id: string | null;
  response: string | null;
  run_id: string | null;
  by: string | null;
}

/** The record of one level's mail; its id is the level. */
export interface LevelSend {
  id: string;
  state: ClaimState;
  message_id?: string | null;
  claimed_at?: string | null;
  settled_at?: string | null;
  sent_at?: string | null;
  response?: string | null;
}

/** Fields that only the tasks use. */
const PRIVATE = new Set([
  'scheduled_by',
  'last_decision',
  'due_before_pause',
  'claim',
  'message_refusals',
  'search',
  'seen',
  'earlier_mails',
  'answers',
  'resumed_at',
]);

export const showFollowup = (snapshot: DocumentSnapshot) => showDocument<FollowupView>(snapshot);
export const showHistoryLine = (snapshot: DocumentSnapshot) => showDocument<HistoryLine>(snapshot);
export const showLevelSend = (snapshot: DocumentSnapshot) => showDocument<LevelSend>(snapshot);

/** Returns a document as the API shows it: instants in ISO 8601, its id and its version. */
export function showDocument<View>(snapshot: DocumentSnapshot): View {
  const entries = Object.entries(snapshot.data() ?? {}).filter(([name]) => !PRIVATE.has(name));
  return {
    id: snapshot.id,
    ...(toJson(Object.fromEntries(entries)) as object),
    updated_at: versionOf(snapshot),
  } as View;
}

/** A verdict and its reason, in words for people. Instants are in ISO 8601. */
export interface Explanation {
  decision: Verdict['do'];
  reason: Reason;
  message: { en: string; fr: string };
  detail: string | null;
  /** The next level, or null after the last one. */
  level: number | null;
  next_due_at: string | null;
  levels: number;
}

/** Explains a verdict; by default the verdict of a run at this instant. */
export function explain(
  followup: Followup,
  settings: Settings,
  now: number,
  verdict = judgeAutomatic(followup, settings, now),
): Explanation {
  const levels = settings.rules.levels[followup.type].length;
  return {
    decision: verdict.do,
    reason: verdict.reason,
    message: REASONS[verdict.reason],
    detail: verdict.do === 'park' ? verdict.detail : null,
    level: followup.level < levels ? followup.level + 1 : null,
    next_due_at: followup.nextDueAt === null ? null : new Date(followup.nextDueAt).toISOString(),
    levels,
  };
}
