import type { DocumentSnapshot } from '@google-cloud/firestore';
import { toJson } from '../../doors/store/json.ts';
import { versionOf } from '../../doors/store/version.ts';
import type { Followup } from './followup.ts';
import { judgeAutomatic, type Verdict } from './judge.ts';
import { REASONS, type Reason } from './reasons.ts';
import type { Settings } from './settings.ts';

/** Fields that only the tasks use. */
const PRIVATE = new Set(['scheduled_by', 'last_decision', 'due_before_pause', 'claim']);

/** Returns a document as the API shows it: instants in ISO 8601, its id and its version. */
export function shown(snapshot: DocumentSnapshot): Record<string, unknown> {
  const entries = Object.entries(snapshot.data() ?? {}).filter(([name]) => !PRIVATE.has(name));
  return {
    id: snapshot.id,
    ...Object.fromEntries(entries.map(([name, value]) => [name, toJson(value)])),
    updated_at: versionOf(snapshot),
  };
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
