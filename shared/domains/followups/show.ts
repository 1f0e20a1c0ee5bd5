import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { versionOf } from '../../doors/store/version.ts';
import type { Followup } from './followup.ts';
import { judge, type Verdict } from './judge.ts';
import { REASONS, type Reason } from './reasons.ts';
import type { Settings } from './settings.ts';

/** Fields that serve the machinery alone. */
const PRIVATE = new Set(['scheduled_by', 'last_decision', 'due_before_pause', 'claim']);

/** A document as the API shows it: instants in ISO 8601, its id and its version. */
export function shown(snapshot: DocumentSnapshot): Record<string, unknown> {
  const entries = Object.entries(snapshot.data() ?? {}).filter(([name]) => !PRIVATE.has(name));
  return {
    id: snapshot.id,
    ...Object.fromEntries(entries.map(([name, value]) => [name, plain(value)])),
    updated_at: versionOf(snapshot),
  };
}

function plain(value: unknown): unknown {
  if (value instanceof Timestamp) return value.toDate().toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

/** Why a follow-up goes now or does not, for a person; instants in ISO 8601. */
export interface Explanation {
  decision: Verdict['do'];
  reason: Reason;
  message: { en: string; fr: string };
  detail: string | null;
  /** The next level, and when it is due; null where there is none. */
  level: number | null;
  next_due_at: string | null;
  levels: number;
}

/** The explanation of a verdict; by default of the one that a run would come to now. */
export function explain(
  followup: Followup,
  settings: Settings,
  now: number,
  verdict = judge(followup, settings, now),
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
